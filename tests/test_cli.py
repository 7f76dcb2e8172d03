import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fig_assets.cli import main
from tests.assets.signins import ENVIRONMENT, FIRST, days_from, write_project

OK, PROBLEMS, USAGE, SOMETHING_TO_DO = 0, 1, 2, 3
DAYS = [str(day) for day in days_from(FIRST, 3)]
COMMANDS = sorted(main.commands)


@pytest.fixture(autouse=True)
def _nothing_chosen_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FIG_PROJECT", "FIG_ENV", "DAGSTER_HOME"):
        monkeypatch.delenv(name, raising=False)
    # Wide enough that a message is one line.
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of three days, of which the first two were run."""
    root = tmp_path_factory.mktemp("cli")
    configs = write_project(root, days=3)
    done = fig("run", "--project", str(configs), "--from", DAYS[0], "--to", DAYS[1], "--json")
    assert done.exit_code == OK, done.output
    return configs


def fig(*words: str) -> Result:
    return CliRunner().invoke(main, words)


def messages(result: Result) -> str:
    """What was said to people; a traceback is never part of it."""
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.stderr
    return result.stderr


def test_validate_counts_what_it_proved(built: Path) -> None:
    done = fig("validate", "--project", str(built))

    assert done.exit_code == OK
    assert "signins is valid in 'local'" in done.stdout
    facts = json.loads(fig("validate", "--project", str(built), "--json").stdout)
    assert f"{facts['attributes']} attribute versions" in done.stdout
    assert facts["statements"] > facts["ops"]


def test_validate_lists_every_key(built: Path) -> None:
    listed = fig("validate", "--project", str(built), "--list").stdout.splitlines()

    assert "features/ip/weekly_by_day/failure_rate__v2" in listed
    assert "families/request" in listed


def test_lock_hands_out_ids_that_validate_lists_and_asks_for(tmp_path: Path) -> None:
    configs = write_project(tmp_path)
    project = ("--project", str(configs))

    warned = fig("validate", *project)
    first = fig("lock", *project)
    second = fig("lock", *project)
    listed = fig("validate", *project, "--list").stdout.splitlines()

    assert "fix: fig lock" in messages(warned)
    assert "+ features/ip/weekly_by_day/failure_rate__v2\n" in first.stdout
    assert second.stdout == "attributes.lock.json: nothing to do\n"
    (shown,) = [line for line in listed if line.startswith("features/request/ip__v1  #")]
    lock = json.loads((configs / "attributes.lock.json").read_text(encoding="utf-8"))
    assert shown.endswith(f"#{lock['attributes']['features/request/ip__v1']['id']}")


def test_usage_names_readers_and_what_nobody_reads(built: Path) -> None:
    project = ("--project", str(built))

    one = fig("usage", *project, "ip.failure_rate@1")
    every = fig("usage", *project, "--json")
    none = fig("usage", *project, "ip.failure_rat")

    assert one.exit_code == OK, one.output
    assert "read by request.ip_weekly_failure_rate@1" in one.stdout
    assert "models behind: scorer@1" in one.stdout
    found = {row["identity"]: row for row in json.loads(every.stdout)}
    assert found["ip.failure_rate@2"]["is_unused"]
    assert "ip.failure_rate@2" in fig("usage", *project).stdout.splitlines()[-1]
    assert none.exit_code == PROBLEMS
    assert "fix: write ip.failure_rate" in messages(none)


def test_report_labels_prints_a_table_and_json(built: Path) -> None:
    project = ("--project", str(built))

    shown = fig("report", "labels", *project, "--days", "2")
    told = json.loads(fig("report", "labels", *project, "truth", "--json").stdout)
    none = fig("report", "labels", *project, "truht")

    assert shown.exit_code == OK, shown.output
    assert "truth.plurality@1" in shown.stdout
    assert "passed" in shown.stdout
    assert sum(told["classes"].values()) + told["unlabelled"] == told["rows"] > 0
    assert [voter["name"] for voter in told["voters"]] == ["failed", "passed"]
    assert none.exit_code == PROBLEMS
    assert "there is no label set 'truht'; there are: truth" in messages(none)


def test_diff_prints_writes_a_page_and_json(built: Path, tmp_path: Path) -> None:
    words = ("diff", "--project", str(built), "ip.failure_rate@1", "ip.failure_rate@2")
    page = tmp_path / "diff.html"

    printed = fig(*words, "--days", "2", "--period", "weekly_by_day", "--html", str(page))
    told = json.loads(fig(*words, "--days", "1", "--to", DAYS[0], "--json").stdout)
    nowhere = fig(*words, "--days", "1", "--html", str(tmp_path / "none" / "diff.html"))
    wrong = fig(*words[:-1], "ip.failure_rate@9")

    assert printed.exit_code == OK, printed.output
    assert "rows that differ:" in printed.stdout
    assert "scorer@1 with ip.failure_rate@2 in place of ip.failure_rate@1" in printed.stdout
    assert "<svg" in page.read_text(encoding="utf-8")
    assert (told["start"], told["end"]) == (DAYS[0], DAYS[0])
    assert set(told["comparisons"]) == {"monthly_by_day", "weekly_by_day"}
    assert nowhere.exit_code == wrong.exit_code == PROBLEMS
    assert "name a file in a folder that is there" in messages(nowhere)
    assert "fix: use ip.failure_rate@1, ip.failure_rate@2" in messages(wrong)


def test_lock_bumps_a_family(tmp_path: Path) -> None:
    configs = write_project(tmp_path)
    project = ("--project", str(configs))
    assert fig("lock", *project).exit_code == OK

    both = fig("lock", *project, "--bump", "ip", "--merge")
    follow = ("--follow", "request.*", "--follow", "scorer@1")
    done = fig("lock", *project, "--bump", "ip", *follow)

    assert both.exit_code == USAGE
    assert done.exit_code == OK, done.output
    assert "ip.failure_rate: version 2 is version 4 now" in done.stdout
    assert fig("validate", *project).exit_code == OK


def test_schema_maps_the_files_of_the_folder_that_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    done = fig("schema", "--project", "team/configs")
    printed = fig("schema", "--project", "team/configs", "--no-settings")

    assert done.exit_code == OK, done.output
    assert "7 schemas in .fig/schemas" in done.stdout
    mapped = json.loads((tmp_path / ".vscode" / "settings.json").read_text(encoding="utf-8"))
    assert mapped["json.schemas"][0]["fileMatch"] == ["/team/configs/project.json"]
    assert json.loads(printed.stdout.partition("\n")[2]) == mapped


def test_validate_refuses_a_lock_that_is_out_of_date(tmp_path: Path) -> None:
    configs = write_project(tmp_path)
    project = ("--project", str(configs))
    assert fig("lock", *project).exit_code == OK
    file = configs / "features" / "all.json"
    text = file.read_text(encoding="utf-8")
    more = text.replace('"session_count"', '"logins": "@COUNT(*)", "session_count"', 1)
    file.write_text(more, encoding="utf-8")
    other = text.replace('"@COUNT(*)"', '"@COUNT($session)"', 1)

    refused = fig("validate", *project)
    file.write_text(other, encoding="utf-8")
    meaning = fig("run", *project, "--from", DAYS[0], "--to", DAYS[0])
    accepted = fig("lock", *project, "--allow-change", "ip.login_count@1", "--json")

    assert refused.exit_code == meaning.exit_code == PROBLEMS
    assert "ip.logins@1 is not locked yet\n  fix: fig lock" in messages(refused)
    assert "fig lock --allow-change ip.login_count@1" in messages(meaning)
    assert accepted.exit_code == OK, accepted.output
    assert json.loads(accepted.stdout)["changed"] == [
        "features/ip/monthly_by_day/login_count__v1", "features/ip/weekly_by_day/login_count__v1",
    ]  # fmt: skip


def test_a_run_shows_what_it_did(built: Path) -> None:
    done = fig("run", "--project", str(built), "--from", DAYS[0], "--to", DAYS[1],
               "--select", 'key:"states/ip"')  # fmt: skip

    assert done.exit_code == OK
    assert f"{DAYS[0]} to {DAYS[1]}" in done.stdout
    assert "states__ip" in done.stdout
    assert "states__ip done" in done.stderr
    assert "dagster" not in done.stderr


def test_a_run_for_programs_is_json_and_nothing_else(built: Path) -> None:
    done = fig("run", "--project", str(built), "--from", DAYS[0], "--to", DAYS[0],
               "--select", 'key:"states/ip"', "--json")  # fmt: skip

    assert json.loads(done.stdout)["done"] == {"states__ip": 1}
    assert done.stderr == ""


def test_only_what_is_stale_is_nothing_on_built_days(built: Path) -> None:
    done = fig("run", "--project", str(built), "--from", DAYS[0], "--to", DAYS[1], "--stale")

    assert done.exit_code == OK
    assert "nothing to do" in done.stdout


def test_a_refused_day_is_told_and_the_exit_status_says_so(built: Path) -> None:
    done = fig("run", "--project", str(built), "--from", DAYS[2], "--to", DAYS[2],
               "--select", 'key:"states/ip"')  # fmt: skip

    assert done.exit_code == PROBLEMS
    said = " ".join(done.stdout.split())
    assert f"states__ip was refused for {DAYS[2]}" in said
    assert f"build first: fig run --from {DAYS[2]} --to {DAYS[2]}" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(
            ["run", "--from", DAYS[0], "--to", DAYS[0], "--select", "and"],
            "'and' is no selection",
            id="bad selection",
        ),
        pytest.param(
            ["run", "--from", DAYS[0], "--to", DAYS[0], "--select", 'key:"x"'],
            "selects no asset; see the keys in fig validate --list",
            id="empty selection",
        ),
        pytest.param(
            ["run", "--from", "2023-12-31", "--to", DAYS[0]],
            "2023-12-31 is before the project's start 2024-01-01",
            id="before the start",
        ),
        pytest.param(
            ["run", "--from", DAYS[1], "--to", DAYS[0]],
            f"the last day {DAYS[0]} is before the first day {DAYS[1]}",
            id="the wrong way round",
        ),
        pytest.param(["query", "nothing"], "nothing is called 'nothing'; there are: ", id="query"),
        pytest.param(["query", "request", "--columns", "x"], "'x'", id="unknown column"),
        pytest.param(["sql", "ip"], "weekly_by_day", id="no period"),
        pytest.param(
            ["validate", "--env", "staging"], "staging", id="unknown environment"
        ),
    ],
)  # fmt: skip
def test_a_problem_is_a_message_and_exit_status_1(built: Path, words: list[str], said: str) -> None:
    done = fig(*words, "--project", str(built))

    assert done.exit_code == PROBLEMS
    assert said in messages(done)


@pytest.mark.parametrize(
    "words",
    [
        ["run"],
        ["run", "--from", "yesterday", "--to", DAYS[0]],
        ["run", "--from", "2024-02-30", "--to", DAYS[0]],
        ["run", "--from", DAYS[0]],
        ["run", "--plan", "--stale"],
        ["plan", "--from", "yesterday"],
        ["sql"],
        ["query", "ip", "--limit", "many"],
        ["bake"],
        ["validate", "--sternly"],
        ["sample", "--from", DAYS[0], "--to", DAYS[0], "--events", "99"],
        ["sample", "--from", DAYS[1], "--to", DAYS[0]],
        ["demo", "--days", "0"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_exit_status_2(words: list[str]) -> None:
    done = fig(*words)

    assert done.exit_code == USAGE
    assert "Usage:" in done.stderr


def test_a_plan_with_something_to_do_is_exit_status_3(built: Path) -> None:
    words = ("plan", "--project", str(built), "--from", DAYS[0], "--to")

    nothing, something = fig(*words, DAYS[1]), fig(*words, DAYS[2])

    assert (nothing.exit_code, something.exit_code) == (OK, SOMETHING_TO_DO)
    assert "nothing is missing or stale" in nothing.stdout
    assert "raw/events" in something.stdout
    told = json.loads(fig(*words, DAYS[2], "--json").stdout)
    (raw,) = [work for work in told["work"] if work["op"] == "raw__events"]
    assert (told["something_to_do"], raw["first"], raw["last"]) == (True, DAYS[2], DAYS[2])
    assert raw["columns"]["lines"]["state"] == "missing"


def test_a_plan_file_is_computed_once_and_refused_after_another_change(
    built: Path, tmp_path: Path
) -> None:
    shutil.copytree(built.parent, tmp_path, dirs_exist_ok=True)
    project = ("--project", str(tmp_path / built.name))
    days = ("--from", DAYS[0], "--to", DAYS[1])
    features = tmp_path / built.name / "features/all.json"
    text = features.read_text(encoding="utf-8")
    features.write_text(text.replace("@HOUR($event_time)", "@HOUR($event_time) + 1"))
    file = tmp_path / "plan.json"

    made = fig("plan", *project, *days, "--out", str(file))
    done = fig("run", *project, "--plan", str(file), "--json")
    again = fig("run", *project, "--plan", str(file))
    after = fig("plan", *project, *days)
    features.write_text(text)
    refused = fig("run", *project, "--plan", str(file))

    assert (made.exit_code, done.exit_code, after.exit_code) == (SOMETHING_TO_DO, OK, OK)
    assert "features/request/hour__v1; read by scorer.badness@1, scorer@1" in made.stdout
    told = json.loads(done.stdout)
    assert told["done"].keys() == {"row__request", "score__scorer"}
    columns = told["columns"]
    assert (columns["replaced"], columns["disturbed"]) == (8, [])
    assert columns["unchanged"] > columns["replaced"]
    assert "nothing to do" in again.stdout
    assert refused.exit_code == PROBLEMS
    assert "before the configuration changed again" in messages(refused)


def test_sql_prints_a_statement_and_nothing_else(built: Path) -> None:
    done = fig("sql", "ip", "--period", "weekly_by_day", "--day", DAYS[0], "--project", str(built))

    assert done.exit_code == OK
    assert done.stdout.endswith(";\n")
    assert "SELECT" in done.stdout
    assert done.stderr == ""


def test_rows_are_printed_for_people_and_for_programs(built: Path) -> None:
    words = ("query", "request", "--columns", "hour,ip", "--limit", "2", "--project", str(built))

    people, programs = fig(*words), fig(*words, "--json")

    assert "2 of 48 rows" in people.stdout
    rows = [json.loads(line) for line in programs.stdout.splitlines()]
    assert [list(row) for row in rows] == [["day", "session_id", "hour", "ip"]] * 2


def test_a_project_that_is_not_there_is_named(tmp_path: Path) -> None:
    done = fig("validate", "--project", str(tmp_path / "nowhere"))

    assert done.exit_code == PROBLEMS
    assert "nowhere" in messages(done)
    assert "fix:" in messages(done)


def test_a_broken_file_is_named_with_its_line(tmp_path: Path) -> None:
    configs = write_project(tmp_path)
    (configs / "labels" / "truth.json").write_text('{\n  "name": "truth",\n  "family" "x"\n}')

    done = fig("validate", "--project", str(configs))

    assert done.exit_code == PROBLEMS
    assert "configs/labels/truth.json:3:" in messages(done)


def test_every_problem_is_told_at_once_with_its_place_and_mend(tmp_path: Path) -> None:
    configs = write_project(tmp_path)
    file = configs / "features" / "all.json"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("@COUNT(*)", "@CUONT(*)"), encoding="utf-8")
    labels = configs / "labels" / "truth.json"
    text = labels.read_text(encoding="utf-8")
    labels.write_text(text.replace('"vote": "bad"', '"vote": "evil"'), encoding="utf-8")

    done = fig("validate", "--project", str(configs))

    said = messages(done)
    assert done.exit_code == PROBLEMS
    assert "configs/features/all.json:" in said
    assert "COUNT" in said
    assert "configs/labels/truth.json:" in said
    assert "evil" in said
    assert said.startswith("2 problems in the configuration")
    assert 'fix: use one of: "bad", "good"' in said


def test_warnings_are_problems_only_when_asked(tmp_path: Path) -> None:
    configs = write_project(tmp_path)
    file = configs / "models" / "scorer.json"
    leaky = file.read_text(encoding="utf-8").replace('"hour"', '"network"')
    file.write_text(leaky, encoding="utf-8")
    label = configs / "labels" / "truth.json"
    text = label.read_text(encoding="utf-8").replace('"NOT $is_failure"', '"$network = 1"')
    label.write_text(text, encoding="utf-8")

    lenient = fig("validate", "--project", str(configs))
    strict = fig("validate", "--strict", "--project", str(configs))

    assert "warning: configs/" in lenient.stderr
    assert (lenient.exit_code, strict.exit_code) == (OK, PROBLEMS)


def test_a_missing_raw_folder_is_a_message(tmp_path: Path) -> None:
    sources = {**ENVIRONMENT["sources"]}  # type: ignore[dict-item]
    sources["events"] = {"format": "json", "path": "elsewhere/{date}.jsonl"}
    environment = {**ENVIRONMENT, "sources": sources}
    configs = write_project(tmp_path, {"environments/local.json": environment})

    done = fig("run", "--project", str(configs), "--from", DAYS[0], "--to", DAYS[0],
               "--select", 'key:"raw/events"')  # fmt: skip

    assert done.exit_code == PROBLEMS
    said = " ".join(done.stderr.split())
    assert "elsewhere does not exist" in said
    assert 'mend "path" of source "events" in configs/environments/local.json' in said


def test_the_project_and_environment_can_come_from_variables(
    built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIG_PROJECT", str(built))
    monkeypatch.setenv("FIG_ENV", "local")

    assert fig("validate").exit_code == OK


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_every_command_has_an_example(command: str) -> None:
    done = fig(command, "--help")

    assert done.exit_code == OK
    assert f"Example: fig {command}" in done.stdout


def test_sample_writes_one_file_a_day_and_the_truth(tmp_path: Path) -> None:
    done = fig("sample", "--out", str(tmp_path), "--from", DAYS[0], "--to", DAYS[1],
               "--events", "100")  # fmt: skip

    assert done.exit_code == OK, done.output
    assert sorted(path.name for path in (tmp_path / "events").iterdir()) == [
        f"{day}.jsonl.gz" for day in DAYS[:2]
    ]
    assert (tmp_path / "truth" / f"{DAYS[0]}.csv").exists()


def test_the_installed_program_keeps_its_exit_status_and_shows_no_traceback(tmp_path: Path) -> None:
    program = Path(sys.executable).parent / "fig"

    done = subprocess.run(
        [str(program), "validate", "--project", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == PROBLEMS
    assert "project.json" in done.stderr
    assert "Traceback" not in done.stderr

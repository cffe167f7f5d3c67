"""Settings come from the file, the environment and flags, the later winning."""

from __future__ import annotations

from pathlib import Path

import pytest

from corpus.errors import UsageError
from corpus.settings import Settings, load_settings


def test_flags_win_over_the_environment_and_that_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "vouch.toml"
    config.write_text('candidates = 1\nchunk_tokens = 31\nembedder = "規程"\n', encoding="utf-8")
    assert load_settings(config=config).candidates == 1
    monkeypatch.setenv("VOUCH_CANDIDATES", "2")
    monkeypatch.setenv("vouch_chunk_tokens", "32")  # a variable may be written small
    monkeypatch.setenv("VOUCH_EMBEDDER", "")  # empty: not given
    found = load_settings({"port": 3, "host": None}, config)
    assert (found.candidates, found.chunk_tokens, found.embedder, found.port) == (2, 32, "規程", 3)
    assert {"candidates", "chunk_tokens", "embedder", "port"} == found.model_fields_set
    assert load_settings({"candidates": 4}, config).candidates == 4
    assert Settings(candidates=5).chunk_tokens == 32


def test_lists_and_tables_are_json_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOUCH_ALLOWED_HOSTS", '["文書.example", "b"]')
    monkeypatch.setenv("VOUCH_TEMPLATES", '{"short": "/tmp/short.txt"}')
    found = load_settings()
    assert found.allowed_hosts == ("文書.example", "b")
    assert found.templates == {"short": Path("/tmp/short.txt")}
    for wrong in ("a, b", '["a"', "3"):
        monkeypatch.setenv("VOUCH_ALLOWED_HOSTS", wrong)
        with pytest.raises(UsageError, match=r"allowed_hosts|ALLOWED_HOSTS") as caught:
            load_settings()
        assert caught.value.code == "bad_setting"
        assert caught.value.hint


def test_what_the_environment_gives_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOUCH_RECEIPT_DAYS", "many")
    monkeypatch.setenv("VOUCH_NO_SUCH_SETTING", "1")  # of another program, or an older Vouch
    with pytest.raises(UsageError, match="receipt_days"):
        load_settings()
    monkeypatch.setenv("VOUCH_RECEIPT_DAYS", "0.5")
    assert load_settings().receipt_days == 0.5


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("VOUCH_DATADIR", "VOUCH_DATA_DIR"),
        ("VOUCH_REQUIRE_SUPORT", "VOUCH_REQUIRE_SUPPORT"),
        ("vouch_ports", "VOUCH_PORT"),
    ],
)
def test_a_misspelt_name_in_the_environment_is_refused_with_the_one_meant(
    monkeypatch: pytest.MonkeyPatch, name: str, meant: str
) -> None:
    """It was passed over, and the corpus made in another place."""
    monkeypatch.setenv(name, "1")
    with pytest.raises(UsageError, match=name) as refused:
        load_settings()
    assert refused.value.code == "bad_setting"
    assert meant in refused.value.hint


@pytest.mark.parametrize(
    "name", ["VOUCH_API_KEY", "VOUCH_VERSION", "VOUCH_MODEL_KEY", "VOUCH_", "VOUCHER_DATA_DIR"]
)
def test_other_names_in_the_environment_are_passed_over(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "1")
    load_settings()


def test_what_a_cluster_says_of_a_service_called_vouch_is_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kubernetes gives these to every container beside such a service: none started there any more."""
    for name, value in {
        "VOUCH_PORT": "tcp://10.96.0.17:8000",
        "VOUCH_SERVICE_HOST": "10.96.0.17",
        "VOUCH_SERVICE_PORT": "8000",
        "VOUCH_SERVICE_PORT_HTTP": "8000",
        "VOUCH_PORT_8000_TCP": "tcp://10.96.0.17:8000",
        "VOUCH_PORT_8000_TCP_ADDR": "10.96.0.17",
        "VOUCH_PORT_8000_TCP_PORT": "8000",
        "VOUCH_PORT_8000_TCP_PROTO": "tcp",
    }.items():
        monkeypatch.setenv(name, value)
    assert load_settings().port == Settings.model_fields["port"].default


def test_a_data_folder_whose_path_is_no_text_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOUCH_DATA_DIR", "/tmp/\udcff")
    with pytest.raises(UsageError, match=r"data_dir: its path.*UTF-8"):
        load_settings()


def test_an_empty_data_folder_is_refused_wherever_it_stands(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It was the current folder, or one called as a blank."""
    config = tmp_path / "vouch.toml"
    config.write_text('data_dir = ""\n', encoding="utf-8")
    with pytest.raises(UsageError, match="data_dir: no folder is named"):
        load_settings(config=config)
    config.write_text("", encoding="utf-8")
    monkeypatch.setenv("VOUCH_DATA_DIR", " ")
    with pytest.raises(UsageError, match="data_dir: no folder is named"):
        load_settings(config=config)


def test_a_setting_that_there_is_no_more_is_named_with_its_file_and_the_one_meant(tmp_path: Path) -> None:
    config = tmp_path / "vouch.toml"
    for given, meant in (("chunk_token = 100", "chunk_tokens"), ("colour = 1", "")):
        config.write_text(given)
        with pytest.raises(UsageError, match=f"no setting {given.split()[0]}, which .*vouch.toml") as caught:
            load_settings(config=config)
        assert (f"meant for {meant};" in caught.value.hint) == bool(meant)

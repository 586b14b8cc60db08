"""conf/*.toml: what is checked before Spark starts, and how a mistake is told."""

import re
import tomllib
from datetime import date
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tracklake.config import Conf, load, read
from tracklake.errors import WrongUsage
from tracklake.session import spark_settings


def conf_file(folder: Path, text: str) -> Path:
    file = folder / "here.toml"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize("env", ["local", "standalone", "yarn", "k8s", "dataproc"])
def test_every_environment_that_ships_is_valid(env: str) -> None:
    conf = load(env)

    assert conf.env == env
    assert conf.is_local == (env == "local")


def test_what_a_file_leaves_out_has_a_default(tmp_path: Path) -> None:
    conf = read(conf_file(tmp_path, ""), "here")

    assert conf.limits.earliest_event_date == date(2000, 1, 1)
    assert conf.privacy.k == 5
    assert conf.source("sparkify").id_prefix == ""


def test_the_page_has_every_key_with_its_default(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    text = page.partition("```toml\n")[2].partition("```")[0]
    said, empty = read(conf_file(tmp_path, text), "here"), read(conf_file(tmp_path, ""), "here")
    sections = tomllib.loads(text)
    for name in ("limits", "privacy"):
        assert getattr(said, name) == getattr(empty, name)
        assert set(sections[name]) == set(type(getattr(said, name)).model_fields)
    assert said.lake.retention_days == empty.lake.retention_days
    assert set(sections["lake"]) == set(type(said.lake).model_fields)
    assert set(sections["spark"]) == set(type(said.spark).model_fields)
    assert said.spark.master == empty.spark.master
    (source,) = sections["sources"].values()
    assert set(source) == set(type(said.source("spotify_history")).model_fields)
    assert set(sections) == set(Conf.model_fields) - {"env"}


def test_a_byte_order_mark_before_a_file_is_nothing(tmp_path: Path) -> None:
    assert read(conf_file(tmp_path, "\ufeff[privacy]\nk = 7"), "here").privacy.k == 7


def test_a_source_has_its_own_settings(tmp_path: Path) -> None:
    conf = read(conf_file(tmp_path, '[sources.sparkify]\nid_prefix = "eu:"'), "here")

    assert conf.source("sparkify").id_prefix == "eu:"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[lakes]", 'unknown key "lakes"; did you mean "lake"?'),
        (
            "[limits]\nfuture_tolerence_hours = 3",
            'unknown key "future_tolerence_hours" in [limits]; did you mean',
        ),
        (
            '[sources.sparkify]\nid_prefx = ""',
            'unknown key "id_prefx" in [sources.sparkify]; did you mean "id_prefix"?',
        ),
        ("[lake]\nzzz = 3", 'unknown key "zzz" in [lake]; known keys are retention_days, uri.'),
        ("[privacy]\nk = 0", "k in [privacy]: "),
        (
            "[limits]\nearliest_event_date = 1989-12-31",
            "earliest_event_date in [limits]: 1989-12-31 is before 1990, and the suite of event passes no event",
        ),
        ("[limits]\nfuture_tolerance_hours = 1000000", "future_tolerance_hours in [limits]: Input should be"),
        ("[privacy]\nk = 1000001", "k in [privacy]: Input should be less than"),
        ("[lake]\nretention_days = 36501", "retention_days in [lake]: Input should be less than"),
        ("[privacy]\nk = true", "k in [privacy]: Input should be a valid integer"),
        ("[lake]\nretention_days = true", "retention_days in [lake]: Input should be a valid integer"),
        ('[spark]\nmaster = "locl"', 'master in [spark]: "locl" is no master: give local[N], spark://HOST'),
        ('[spark]\nmaster = "local[0]"', 'master in [spark]: "local[0]" is no master'),
        ("[privacy]\nk = ", "is not valid TOML"),
        ('lake = "x"', "lake has settings of its own: write it as a section, [lake]."),
        ('[sources]\nsparkify = "x"', "write it as a section, [sources.sparkify]."),
        ('env = "there"', 'unknown key "env"'),
        (
            '[spark.conf]\n"spark.jars.packages" = ["a:b:1", "c:d:2"]',
            "conf in [spark]: spark.jars.packages is a list, which no Spark setting is",
        ),
        ('[spark.conf]\nmaster = "yarn"', 'should start with "spark."'),
    ],
)
def test_a_mistake_names_file_and_key(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(WrongUsage, match=re.escape(sentence)) as caught:
        read(conf_file(tmp_path, text), "here")

    assert str(caught.value).startswith("conf/here.toml")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "key",
    [
        "spark.hadoop.fs.s3a.secret.key",
        "spark.hadoop.fs.s3a.access.key",
        "spark.hadoop.fs.azure.account.key.x.dfs.core.windows.net",
        "spark.ssl.keyStorePassword",
        "spark.authenticate.secret",
        "spark.hadoop.fs.gs.auth.service.account.private.key",
        "spark.ssl.rpc.privateKeyPassword",
        "spark.datasource.bigquery.credentials",
        "spark.hadoop.fs.azure.sas.container.account.blob.core.windows.net",
    ],
)
def test_a_secret_has_no_place_in_a_file(tmp_path: Path, key: str) -> None:
    with pytest.raises(WrongUsage, match="looks like a secret"):
        read(conf_file(tmp_path, f'[spark.conf]\n"{key}" = "x"'), "here")


@pytest.mark.parametrize(
    "key",
    [
        "spark.hadoop.fs.s3a.aws.credentials.provider",
        "spark.hadoop.hadoop.security.credential.provider.path",
        "spark.datasource.bigquery.credentialsFile",
        "spark.kubernetes.driver.secrets.gcs",
        "spark.security.credentials.hive.enabled",
        "spark.kerberos.renewal.credentials",
        "spark.ssl.rpc.privateKey",
        "spark.authenticate.enableSaslEncryption",
        "spark.executor.memory",
    ],
)
def test_a_pointer_to_a_secret_is_no_secret(tmp_path: Path, key: str) -> None:
    assert read(conf_file(tmp_path, f'[spark.conf]\n"{key}" = "x"'), "here").spark.conf == {key: "x"}


def test_spark_settings_need_no_quotes(tmp_path: Path) -> None:
    conf = read(conf_file(tmp_path, "[spark.conf]\nspark.ui.enabled = false\nspark.task.cpus = 2"), "here")

    assert conf.spark.conf == {"spark.ui.enabled": "false", "spark.task.cpus": "2"}


def test_an_unknown_environment_is_told_the_closest() -> None:
    with pytest.raises(WrongUsage, match=r'Unknown environment "lcal": .*; did you mean "local"\?'):
        load("lcal")


def test_utc_and_ansi_are_not_for_a_file_to_change(tmp_path: Path) -> None:
    conf = read(
        conf_file(
            tmp_path, '[spark.conf]\n"spark.sql.session.timeZone" = "Europe/Paris"\n"spark.ui.port" = "1"'
        ),
        "here",
    )

    settings = spark_settings(conf)

    assert settings["spark.sql.session.timeZone"] == "UTC"
    assert settings["spark.sql.ansi.enabled"] == "true"
    assert settings["spark.ui.port"] == "1"

"""conf/<env>.toml as typed, checked values. A misspelled key ends a run before Spark starts."""

import re
import tomllib
from collections.abc import Mapping
from datetime import date
from importlib.abc import Traversable
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from tracklake.errors import WrongUsage, did_you_mean
from tracklake.resources import configurations

_MASTER = re.compile(
    r"local(\[([1-9]\d*|\*)(, *[1-9]\d*)?\]|-cluster\[[1-9]\d*, *[1-9]\d*, *\d+\])?|spark://[^/]+|yarn|k8s://.+"
)
_SECRET = re.compile(
    r"secret|passw(or)?d|token|(access|account|private)[._-]?key|credential|(?<![a-z])sas(?![a-z])",
    re.IGNORECASE,
)
_POINTS_TO_A_SECRET = re.compile(
    r"secretKeyRef|\.secrets\.|(file|path|provider)$"
    r"|^spark\.(security\.credentials\.|kerberos\.renewal\.credentials$)"  # switches
    r"|^spark\.ssl\.(.+\.)?privateKey$",  # where the file of the key is
    re.IGNORECASE,
)


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class SparkSettings(_Section):
    """Where Spark runs and with which settings."""

    master: str = "local[*]"
    conf: dict[str, str] = Field(default_factory=dict)

    @field_validator("master")
    @classmethod
    def _known(cls, master: str) -> str:
        if wrong := _no_master(master):
            raise ValueError(wrong)
        return master

    @field_validator("conf", mode="before")
    @classmethod
    def _dotted(cls, value: Any) -> Any:
        return dict(_dotted(value)) if isinstance(value, dict) else value

    @field_validator("conf")
    @classmethod
    def _no_secrets(cls, conf: dict[str, str]) -> dict[str, str]:
        for key in conf:
            if not key.startswith("spark."):
                raise ValueError(f'{key} is no Spark setting: its name should start with "spark."')
            if _SECRET.search(key) and not _POINTS_TO_A_SECRET.search(key):
                raise ValueError(
                    f"{key} looks like a secret, which has no place in a file: "
                    "hand it over by the environment or name a credential provider"
                )
        return conf


class LakeSettings(_Section):
    """Where the tables are when --lake is not given, and for how long old releases stay readable."""

    uri: str | None = None
    retention_days: int = Field(default=30, ge=1, le=36500)


class SourceSettings(_Section):
    """One source of logs. `id_prefix` keeps its user, track and artist ids apart from other sources'."""

    id_prefix: str = ""


class Limits(_Section):
    """Records with an event time outside these bounds, or on a longer line, are quarantined."""

    earliest_event_date: date = date(2000, 1, 1)
    future_tolerance_hours: int = Field(default=24, ge=0, le=10 * 366 * 24)
    longest_line_mb: int = Field(default=16, ge=1, le=512)

    @field_validator("earliest_event_date")
    @classmethod
    def _audited(cls, earliest: date) -> date:
        if earliest.year < 1990:
            raise ValueError(
                f"{earliest} is before 1990, and the suite of event passes no event of that time: "
                "choose 1990-01-01 or later"
            )
        return earliest


class Privacy(_Section):
    """No published figure of a group describes fewer than `k` listeners."""

    k: int = Field(default=5, ge=1, le=1_000_000)


class Conf(_Section):
    """All settings of one environment."""

    env: str
    spark: SparkSettings = SparkSettings()
    lake: LakeSettings = LakeSettings()
    sources: dict[str, SourceSettings] = Field(default_factory=dict)
    limits: Limits = Limits()
    privacy: Privacy = Privacy()

    def source(self, name: str) -> SourceSettings:
        """The settings of a source; the defaults for one that the file does not name."""
        return self.sources.get(name, SourceSettings())

    def on(self, master: str) -> "Conf":
        """These settings with Spark run by another master. Raises WrongUsage for what is none."""
        if wrong := _no_master(master):
            raise WrongUsage(f"{wrong}.")
        return self.model_copy(update={"spark": self.spark.model_copy(update={"master": master})})

    @property
    def is_local(self) -> bool:
        """Whether Spark runs inside this process's machine only."""
        return self.spark.master.startswith("local")


def load(env: str) -> Conf:
    """The configuration of an environment. Raises WrongUsage for an unknown one or a wrong file."""
    folder = configurations()
    known = sorted(
        entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml")
    )
    if env not in known:
        raise WrongUsage(
            f'Unknown environment "{env}": conf/ has {", ".join(known)}{did_you_mean(env, known) or "."}'
        )
    return read(folder / f"{env}.toml", env)


def read(file: Traversable, env: str) -> Conf:
    """The configuration in one file. Raises WrongUsage that names the file and the key."""
    shown = f"conf/{file.name}"
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WrongUsage(f"{shown} is not valid TOML: {error}.") from error
    if "env" in values:
        raise WrongUsage(f'{shown}: unknown key "env": the name of the environment is the name of the file.')
    try:
        return Conf.model_validate({"env": env, **values})
    except ValidationError as error:
        raise WrongUsage(f"{shown}: {_first_problem(error)}") from error


def _no_master(master: str) -> str:
    """What is wrong with the name of a master; empty where nothing is."""
    if _MASTER.fullmatch(master):
        return ""
    return f'"{master}" is no master: give local[N], spark://HOST:PORT, yarn or k8s://URL'


def _dotted(table: Mapping[str, Any], prefix: str = "") -> Mapping[str, str]:
    """TOML reads an unquoted spark.ui.enabled = false as nested tables; here it is one setting again."""
    settings: dict[str, str] = {}
    for key, value in table.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            settings.update(_dotted(value, f"{name}."))
        elif isinstance(value, list):
            raise ValueError(f'{name} is a list, which no Spark setting is: give one text, such as "a,b"')
        else:
            settings[name] = str(value).lower() if isinstance(value, bool) else str(value)
    return settings


def _first_problem(error: ValidationError) -> str:
    problem = error.errors()[0]
    *section, key = (str(part) for part in problem["loc"])
    where = f" in [{'.'.join(section)}]" if section else ""
    if problem["type"] == "extra_forbidden":
        known = _known_keys(section)
        hint = did_you_mean(key, known) or f"; known keys are {', '.join(known)}."
        return f'unknown key "{key}"{where}{hint}'
    if problem["type"] in ("model_type", "dict_type"):
        return f"{key} has settings of its own: write it as a section, [{'.'.join((*section, key))}]."
    return f"{key}{where}: {problem['msg'].removeprefix('Value error, ')}."


def _known_keys(section: list[str]) -> list[str]:
    model: type[BaseModel] = Conf
    for part in section:
        if part not in model.model_fields:  # the name of a source
            continue
        annotation = model.model_fields[part].annotation
        model = next(
            t for t in (annotation, *get_args(annotation)) if isinstance(t, type) and issubclass(t, BaseModel)
        )
    return sorted(set(model.model_fields) - {"env"})

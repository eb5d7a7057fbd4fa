"""Where a command finds the configuration."""

from pathlib import Path
from typing import Final

import click

SHIPPED: Final = Path(__file__).resolve().parent.parent / "_shipped" / "config"
"""The configuration inside an installed package."""

CHECKOUT: Final = Path(__file__).resolve().parent.parent.parent / "config"
"""The configuration of a checkout."""


def default_folder() -> Path:
    """`config/` here, or the one that comes with Facegate."""
    here = Path("config")
    if (here / "proxy.yaml").is_file():
        return here
    return SHIPPED if SHIPPED.is_dir() else CHECKOUT


def default_settings() -> Path:
    """The proxy.yaml of `default_folder`."""
    return default_folder() / "proxy.yaml"


config_option = click.option(
    "--config",
    "config",
    type=click.Path(path_type=Path, dir_okay=False),
    default=default_settings,
    show_default="config/proxy.yaml here, else the one that comes with Facegate",
    help="The settings file.",
)

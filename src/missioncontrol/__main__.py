"""`python -m missioncontrol` is `mission`."""

from missioncontrol.cli.main import main

raise SystemExit(main())

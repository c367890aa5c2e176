"""The user of the operating system whom this process belongs to."""

import getpass
import os


def os_user() -> str:
    """Return the user whom this process belongs to, whatever LOGNAME and the like say."""
    try:
        import pwd
    except ImportError:
        return getpass.getuser()
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())

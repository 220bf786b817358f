# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Give Ansible a locale that it can run with. `make venv` puts this file into `.venv`, whose Python imports it when it starts.

Ansible refuses to start where the locale of the environment is not installed ("unsupported locale setting") or is not UTF-8: with
``LANG=de_DE.UTF-8`` on a machine without it, with ``LC_ALL=C``, under cron. Then ``LC_ALL`` becomes C.UTF-8, for this process and for
what it starts. Where the locale is good, nothing is changed.
"""

import os
import sys

_UTF8 = "C.UTF-8"
#: Set for a process that was started again, so that it is never done twice.
_AGAIN = "VANNAH_CLEAN_LOCALE"


def is_good() -> bool:
    """Whether Ansible's own test of the locale passes."""
    import locale

    try:
        locale.setlocale(locale.LC_ALL, "")
        encoding = locale.getlocale()[1]
    except (locale.Error, ValueError):
        return False
    finally:
        # As Python itself leaves it: only the character set is taken from the environment.
        locale.setlocale(locale.LC_ALL, "C")
        try:
            locale.setlocale(locale.LC_CTYPE, "")
        except locale.Error:
            locale.setlocale(locale.LC_CTYPE, _UTF8)
    return (encoding or "").lower() in ("utf-8", "utf8")


def repair() -> None:
    """Set the locale where it is not good; start the process again where Python has taken file names' encoding from it already."""
    again = os.environ.pop(_AGAIN, None)
    if is_good() and sys.getfilesystemencoding().lower() == "utf-8":
        return
    import locale

    try:
        locale.setlocale(locale.LC_CTYPE, _UTF8)
    except locale.Error:
        return  # this machine does not have it: Ansible says what it wants
    os.environ["LC_ALL"] = _UTF8
    if sys.getfilesystemencoding().lower() != "utf-8" and again is None and sys.orig_argv:
        os.environ[_AGAIN] = "1"
        os.execv(sys.executable, sys.orig_argv)


repair()

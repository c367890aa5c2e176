"""Checks a tag before it is published: `check_tag.py TAG REMOTE COMMIT VERSION`.

COMMIT is what was tested and VERSION what the manifest says; each may be empty where there is none.
Starts in the clone. Writes {"object": …, "commit": …, "published": …} to standard output, and ends
with exit status 1 and every fault on standard error where the tag must not be published.
"""

import json
import subprocess
import sys


def git(*arguments: str) -> str:
    """Return what git says, or an empty text where it refuses."""
    done = subprocess.run(("git", *arguments), capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def on_remote(remote: str, tag: str) -> str:
    """Return the object that the remote has under the tag; empty where it has none."""
    listed = subprocess.run(
        ("git", "ls-remote", remote, f"refs/tags/{tag}"),
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode != 0:
        sys.exit(f"The remote {remote!r} can't be read: {listed.stderr.strip()}")
    return listed.stdout.split()[0] if listed.stdout.strip() else ""


def main() -> None:
    """Check one tag."""
    tag, remote, tested, version = sys.argv[1:]
    there = git("rev-parse", "--verify", "--quiet", f"refs/tags/{tag}")
    if not there:
        sys.exit(f"There is no tag {tag!r} in this clone; make it with `git tag -a {tag}`.")
    commit = git("rev-parse", "--verify", f"refs/tags/{tag}^{{commit}}")
    faults = []
    if commit != tested:
        faults.append(f"{tag} is on commit {commit[:12]}, and {tested[:12]} is checked out.")
    if version and tag != f"v{version}":
        faults.append(f"{tag} does not say the version of the manifest, {version}.")
    if changed := git("status", "--porcelain", "--untracked-files=no"):
        faults.append(f"The checkout differs from its commit: {changed}")
    known = on_remote(remote, tag)
    if known and known != there:
        faults.append(f"{remote} has another {tag} already: {known[:12]}.")
    if faults:
        sys.exit("\n".join(faults))
    print(json.dumps({"object": there, "commit": commit, "published": known == there}))


main()

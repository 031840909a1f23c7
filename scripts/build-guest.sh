#!/bin/bash
# Builds the guest from source: guest/target/elf/*.elf, byte-identical from any folder.
# Then writes guest/image and guest/bench/image, the committed builds that everybody without a Rust toolchain runs;
# `--elf-only` leaves that out.
set -euo pipefail
cd "$(dirname "$0")/../guest"

# Prints "<rustc> <cargo> <vendor folder or ->" of the first toolchain that can build the guest:
# rustc 1.95 or later with the library's source. The real binaries, since rustup's shims come first in PATH.
pick_rust() {
  local candidate sysroot library minor vendor
  for candidate in "${GUEST_RUSTC:-}" rustc "$HOME/.cargo/bin/rustc" /usr/bin/rustc; do
    [ -n "$candidate" ] || continue
    sysroot=$("$candidate" --print sysroot 2>/dev/null) || continue
    library=$sysroot/lib/rustlib/src/rust/library
    [ -x "$sysroot/bin/cargo" ] || { echo "skipped $candidate: no cargo beside it" >&2; continue; }
    [ -f "$library/core/src/lib.rs" ] || { echo "skipped $candidate: no library source" >&2; continue; }
    minor=$("$sysroot/bin/rustc" -V | sed -E 's/^rustc 1\.([0-9]+).*/\1/')
    [ "$minor" -ge 95 ] 2>/dev/null || { echo "skipped $candidate: 1.$minor is older than 1.95" >&2; continue; }
    vendor=-
    [ -d "$library/vendor" ] && vendor=$library/vendor
    echo "$sysroot/bin/rustc $sysroot/bin/cargo $library $vendor"
    return
  done
  echo "No Rust toolchain can build the guest." >&2
  echo "Debian: apt-get install rustc-web cargo-web rust-web-src binutils; rustup: rustup component add rust-src" >&2
  return 1
}

picked=$(pick_rust)
read -r rustc cargo library vendor <<<"$picked"
export RUSTC=$rustc RUSTC_BOOTSTRAP=1 RUSTUP_AUTO_INSTALL=0
unset RUSTFLAGS CARGO_BUILD_TARGET

flags=(
  -Cdwarf-version=4
  -Csymbol-mangling-version=v0
  -Ccollapse-macro-debuginfo=yes
  -Cforce-frame-pointers=yes
  "--remap-path-prefix=$PWD=."
  "--remap-path-prefix=$library=/rustc-src/library"
  "--remap-path-prefix=$(readlink -f "$library")=/rustc-src/library"
)
CARGO_ENCODED_RUSTFLAGS=$(IFS=$'\x1f'; echo "${flags[*]}")
export CARGO_ENCODED_RUSTFLAGS

settings=(--config targets/config.toml)
if [ "$vendor" != - ]; then
  # Debian ships the library's own dependencies with its source: no network needed.
  settings+=(--offline --config 'source.crates-io.replace-with="library"' --config "source.library.directory=\"$vendor\"")
fi
"$cargo" build --quiet "${settings[@]}" -p kernel -p user
"$cargo" build --quiet "${settings[@]}" --release -p bench

rm -rf target/elf.new
mkdir -p target/elf.new
for elf in target/i686-jos/debug/*; do
  [ -f "$elf" ] && [ -x "$elf" ] && cp "$elf" "target/elf.new/$(basename "$elf").elf"
done
rm -rf target/elf
mv target/elf.new target/elf
# No program of the guest: a kernel of its own, in a folder of its own.
mkdir target/elf/bench
cp target/i686-jos/release/bench target/elf/bench/bench.elf

if [ "${1:-}" != --elf-only ]; then
  node ../scripts/guest-manifest.mjs write "$("$rustc" -V)"
fi

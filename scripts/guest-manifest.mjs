/**
 * The committed build of the guest: guest/image/NAME.elf.gz, one per ELF, and manifest.json beside them.
 *
 * `node scripts/guest-manifest.mjs write TOOLCHAIN` makes it from guest/target/elf (scripts/build-guest.sh calls it).
 * Invariant: `sources` is the hash of the guest's sources as they were when the image was built, so that a test can tell
 * when the image is stale.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Everything a byte of an ELF can depend on, but the toolchain. */
const SOURCES = [
  'guest/Cargo.lock',
  'guest/Cargo.toml',
  'guest/abi',
  'guest/boot',
  'guest/kernel',
  'guest/lib',
  'guest/slab/Cargo.toml',
  'guest/slab/src',
  'guest/targets',
  'guest/user',
  'scripts/build-guest.sh',
];

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** Files below `path`, sorted by their path in the repository, which is written with `/` everywhere. */
function filesBelow(root, path) {
  const full = join(root, path);
  if (!existsSync(full)) return [];
  const entries = readdirSync(full, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath ?? entry.path, entry.name)).replaceAll('\\', '/'));
}

/**
 * The sources' hash: SHA-256 over "PATH\0LENGTH\0CONTENTS" of each file, in the order of their paths.
 * Line ends are those of the repository (LF), whatever the checkout made of them.
 */
export function sourcesHash(root = ROOT) {
  const paths = SOURCES.flatMap((path) => (/\.\w+$/.test(path) ? [path] : filesBelow(root, path))).sort();
  const hash = createHash('sha256');
  for (const path of paths) {
    const contents = Buffer.from(readFileSync(join(root, path), 'utf8').replaceAll('\r\n', '\n'));
    hash.update(`${path}\0${contents.length}\0`).update(contents);
  }
  return hash.digest('hex');
}

function write(toolchain) {
  const elfs = join(ROOT, 'guest/target/elf');
  const image = join(ROOT, 'guest/image');
  rmSync(image, { recursive: true, force: true });
  mkdirSync(image);
  const programs = {};
  for (const name of readdirSync(elfs).sort()) {
    const elf = readFileSync(join(elfs, name));
    const packed = gzipSync(elf, { level: 9 });
    const file = `${name}.gz`;
    writeFileSync(join(image, file), packed);
    // System V ABI, "ELF Header": e_entry is at 24.
    const entry = elf.readUInt32LE(24);
    programs[name.replace(/\.elf$/, '')] = { file, size: elf.length, sha256: sha256(elf), entry };
  }
  const manifest = { sources: sourcesHash(), toolchain, programs };
  writeFileSync(join(image, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  console.log(`guest/image: ${Object.keys(programs).length} ELFs`);
}

if (process.argv[2] === 'write') write(process.argv[3] ?? 'unknown');

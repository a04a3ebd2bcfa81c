// Takes the files out of a ZIP archive, in the browser (APPNOTE.TXT 4.3: the central directory says what is where).
"use strict";

/** The files of an archive, each with its path; those over `most` bytes come without content, and so are refused as empty. */
async function unzip(archive, most) {
  // The end of the directory is within the last 64 kB: it has a comment of that length at most.
  const tailStart = Math.max(0, archive.size - 65_557);
  const tail = new DataView(await archive.slice(tailStart).arrayBuffer());
  let end = tail.byteLength - 22;
  while (end >= 0 && tail.getUint32(end, true) !== 0x06054b50) end -= 1;
  if (end < 0) throw new Error("it is no ZIP archive, or broke off");
  const count = tail.getUint16(end + 10, true);
  const [length, start] = [tail.getUint32(end + 12, true), tail.getUint32(end + 16, true)];
  if (count === 0xffff || start === 0xffffffff) throw new Error("it is too large to be unpacked here");
  const directory = new DataView(await archive.slice(start, start + length).arrayBuffer());
  const found = [];
  for (let at = 0, n = 0; n < count; n += 1) {
    if (at + 46 > directory.byteLength || directory.getUint32(at, true) !== 0x02014b50) throw new Error("it is damaged");
    const flags = directory.getUint16(at + 8, true);
    const method = directory.getUint16(at + 10, true);
    const packed = directory.getUint32(at + 20, true);
    const size = directory.getUint32(at + 24, true);
    const nameLength = directory.getUint16(at + 28, true);
    const skipped = directory.getUint16(at + 30, true) + directory.getUint16(at + 32, true);
    const local = directory.getUint32(at + 42, true);
    const name = new Uint8Array(directory.buffer, directory.byteOffset + at + 46, nameLength);
    const path = new TextDecoder(flags & 0x800 ? "utf-8" : "windows-1252").decode(name);
    at += 46 + nameLength + skipped;
    if (path.endsWith("/") || path.startsWith("__MACOSX/")) continue;
    if (flags & 1) throw new Error("it opens with a password only");
    found.push({ path, method, packed, size, local });
  }
  const files = [];
  for (const entry of found) {
    const content = entry.size > most ? new Blob() : await unpack(archive, entry, most);
    files.push({ file: new File([content], entry.path.split("/").pop()), path: `${archive.name}/${entry.path}` });
  }
  return files;
}

async function unpack(archive, { method, packed, local }, most) {
  const head = new DataView(await archive.slice(local, local + 30).arrayBuffer());
  if (head.byteLength < 30 || head.getUint32(0, true) !== 0x04034b50) throw new Error("it is damaged");
  const start = local + 30 + head.getUint16(26, true) + head.getUint16(28, true);
  const bytes = archive.slice(start, start + packed);
  if (method === 0) return bytes;
  if (method !== 8) throw new Error("it is packed in an unusual way");
  // What an archive says of sizes need not be true.
  const reader = bytes.stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  const parts = [];
  for (let sum = 0; ;) {
    const { done, value } = await reader.read();
    if (done) return new Blob(parts);
    sum += value.length;
    if (sum > most) {
      reader.cancel();
      return new Blob();
    }
    parts.push(value);
  }
}

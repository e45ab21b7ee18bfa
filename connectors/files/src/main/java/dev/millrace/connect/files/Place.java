package dev.millrace.connect.files;

import java.util.HashMap;
import java.util.Map;

/**
 * How far a file has been read, as it stands in Connect's offsets.
 *
 * @param size of the file as it was listed when it was read; with {@code modified} and {@code
 *     version} what tells whether it has changed since
 * @param entry which file of an archive; 0 for all else
 * @param position in the entry: bytes of its text, decompressed; rows of Parquet; bytes of the file
 *     up to the block for Avro
 * @param skip rows of the block at the position that were read
 * @param line number of lines (CSV, JSON) or rows before
 * @param rows that became records so far
 * @param dead rows that became dead letters so far
 * @param checksum of what is before the position, or of what identifies the file
 * @param state {@code reading}, {@code read} (the end was seen) or {@code refused} (what follows
 *     can not be read)
 */
record Place(
    long size,
    long modified,
    String version,
    long entry,
    long position,
    long skip,
    long line,
    long rows,
    long dead,
    long checksum,
    String state) {
  static final String READING = "reading";
  static final String READ = "read";
  static final String REFUSED = "refused";

  /** The beginning of a file. */
  static Place start(StoredFile file) {
    return new Place(file.size(), file.modified(), file.version(), 0, 0, 0, 0, 0, 0, 0, READING);
  }

  static Place of(Map<String, ?> offset) {
    return new Place(
        number(offset, "size"),
        number(offset, "modified"),
        String.valueOf(offset.get("version")),
        number(offset, "entry"),
        number(offset, "position"),
        number(offset, "skip"),
        number(offset, "line"),
        number(offset, "rows"),
        number(offset, "dead"),
        number(offset, "checksum"),
        String.valueOf(offset.get("state")));
  }

  private static long number(Map<String, ?> offset, String name) {
    return offset.get(name) instanceof Number n ? n.longValue() : 0;
  }

  Map<String, Object> offset() {
    Map<String, Object> offset = new HashMap<>(16);
    offset.put("size", size);
    offset.put("modified", modified);
    offset.put("version", version);
    offset.put("entry", entry);
    offset.put("position", position);
    offset.put("skip", skip);
    offset.put("line", line);
    offset.put("rows", rows);
    offset.put("dead", dead);
    offset.put("checksum", checksum);
    offset.put("state", state);
    return offset;
  }

  /** The same place in a state, of the file as it is listed now. */
  Place as(String newState, StoredFile file) {
    return new Place(
        file.size(),
        file.modified(),
        file.version(),
        entry,
        position,
        skip,
        line,
        rows,
        dead,
        checksum,
        newState);
  }

  /** The same place after one more dead letter. */
  Place oneDead() {
    return new Place(
        size, modified, version, entry, position, skip, line, rows, dead + 1, checksum, state);
  }

  boolean sameFile(StoredFile file) {
    return file.sameAs(size, modified, version);
  }
}

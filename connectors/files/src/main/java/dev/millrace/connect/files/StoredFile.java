package dev.millrace.connect.files;

/**
 * A file as a listing shows it.
 *
 * @param name relative to the folder or prefix, with {@code /} between its parts
 * @param size in bytes
 * @param modified when it was changed last, in the storage's own finest unit since 1970
 * @param version what tells contents apart: an object's entity tag; a local file's key (inode)
 */
record StoredFile(String name, long size, long modified, String version) {

  /** Whether nothing says that the content may be another. */
  boolean sameAs(long otherSize, long otherModified, String otherVersion) {
    return size == otherSize && modified == otherModified && version.equals(otherVersion);
  }
}

package dev.millrace.connect.files;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.Charset;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CharsetEncoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/**
 * Text of another charset as UTF-8. What is malformed becomes the byte 0xFF, which UTF-8 does not
 * have: so the row that it is in is found to be bad, and no other.
 */
final class Utf8Stream extends InputStream {
  private final InputStream from;
  private final CharsetDecoder decoder;
  private final CharsetEncoder encoder = StandardCharsets.UTF_8.newEncoder();
  private final ByteBuffer in = ByteBuffer.allocate(1 << 14).flip();
  private final CharBuffer chars = CharBuffer.allocate(1 << 14).flip();
  private final ByteBuffer out = ByteBuffer.allocate(1 << 16).flip();
  private boolean ended;

  Utf8Stream(InputStream from, Charset charset) {
    this.from = from;
    this.decoder =
        charset
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT);
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] into, int offset, int length) throws IOException {
    while (!out.hasRemaining()) {
      if (ended && !in.hasRemaining()) {
        return -1;
      }
      convert();
    }
    int n = Math.min(length, out.remaining());
    out.get(into, offset, n);
    return n;
  }

  private void convert() throws IOException {
    in.compact();
    int n = from.read(in.array(), in.position(), in.remaining());
    if (n < 0) {
      ended = true;
    } else {
      in.position(in.position() + n);
    }
    in.flip();
    out.clear();
    for (boolean more = true; more; ) {
      chars.clear();
      CoderResult result = decoder.decode(in, chars, ended);
      chars.flip();
      encoder.reset();
      encoder.encode(chars, out, true);
      if (result.isError()) {
        in.position(in.position() + result.length());
        out.put((byte) 0xFF);
      }
      // Room for what a full buffer of characters may need, at three bytes each.
      more = !result.isUnderflow() && out.remaining() > 3 * chars.capacity();
    }
    if (ended && in.hasRemaining() && out.position() == 0) {
      in.position(in.limit());
      out.put((byte) 0xFF);
    }
    out.flip();
  }

  @Override
  public void close() throws IOException {
    from.close();
  }
}

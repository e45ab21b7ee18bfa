package dev.millrace.demo.tv;

import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import java.util.Properties;

/** Opens the demo's database from a URL such as {@code mariadb://user:password@host:3306/tv}. */
final class Database {
  private Database() {}

  static Connection open(String url) throws SQLException {
    URI uri;
    try {
      uri = URI.create(url.trim());
    } catch (IllegalArgumentException e) {
      // The cause is left out: its message holds the password.
      throw new SQLException(
          "the database URL is not a URL: expected mariadb://user:password@host:port/db");
    }
    Properties properties = new Properties();
    String userInfo = uri.getRawUserInfo();
    if (userInfo != null) {
      int colon = userInfo.indexOf(':');
      properties.setProperty("user", decode(colon < 0 ? userInfo : userInfo.substring(0, colon)));
      if (colon >= 0) {
        properties.setProperty("password", decode(userInfo.substring(colon + 1)));
      }
    }
    properties.setProperty("timezone", "UTC");
    if (uri.getHost() != null && List.of("127.0.0.1", "localhost").contains(uri.getHost())) {
      properties.setProperty("sslMode", "disable");
    }
    int port = uri.getPort() < 0 ? 3306 : uri.getPort();
    return DriverManager.getConnection(
        "jdbc:mariadb://" + uri.getHost() + ":" + port + uri.getPath(), properties);
  }

  private static String decode(String part) {
    return URLDecoder.decode(part.replace("+", "%2B"), StandardCharsets.UTF_8);
  }
}

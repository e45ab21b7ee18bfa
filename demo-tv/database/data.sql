-- The demo's rows, the same on every run but for the days of the schedule (from yesterday, nine days).
-- Everything random is a CRC of the row's number: no generator, no seed file.
CREATE TABLE digits (d INT PRIMARY KEY);
INSERT INTO digits VALUES (0),(1),(2),(3),(4),(5),(6),(7),(8),(9);
CREATE TABLE numbers (n INT PRIMARY KEY);
INSERT INTO numbers SELECT a.d + 10 * b.d + 100 * c.d + 1000 * e.d FROM digits a, digits b, digits c, digits e;

INSERT INTO users SELECT n, CONCAT('User ', n), 12 + CRC32(CONCAT('age', n)) % 75,
  ELT(1 + CRC32(CONCAT('gender', n)) % 2, 'female', 'male'),
  ELT(1 + CRC32(CONCAT('region', n)) % 8, 'north', 'northeast', 'east', 'southeast', 'south', 'southwest', 'west', 'northwest'),
  ELT(1 + CRC32(CONCAT('plan', n)) % 3, 'basic', 'family', 'premium')
  FROM numbers WHERE n BETWEEN 1 AND 3000;
-- 4,000 devices (the entities of source `events`): a thousand users have two.
INSERT INTO devices SELECT CONCAT('d', LPAD(n, 6, '0')), 1 + (n - 1) % 3000,
  ELT(1 + CRC32(CONCAT('kind', n)) % 4, 'tv', 'stick', 'phone', 'tablet')
  FROM numbers WHERE n BETWEEN 1 AND 4000;
INSERT INTO channels SELECT CONCAT('ch', LPAD(n, 2, '0')), CONCAT('Channel ', n),
  ELT(1 + CRC32(CONCAT('category', n)) % 5, 'general', 'news', 'sports', 'movies', 'kids')
  FROM numbers WHERE n BETWEEN 1 AND 30;
INSERT INTO shows SELECT n, CONCAT(
    ELT(1 + CRC32(CONCAT('w1', n)) % 10, 'Morning', 'Evening', 'Northern', 'Golden', 'Silent', 'Open', 'Hidden', 'Grand', 'Second', 'Blue'), ' ',
    ELT(1 + CRC32(CONCAT('w2', n)) % 10, 'News', 'Street', 'Kitchen', 'League', 'Stories', 'River', 'Garden', 'Case', 'Hour', 'Planet'), ' ', n),
  ELT(1 + CRC32(CONCAT('genre', n)) % 6, 'news', 'drama', 'sports', 'comedy', 'documentary', 'kids')
  FROM numbers WHERE n BETWEEN 1 AND 200;
-- A channel's programmes are 30, 45, 60 or 90 minutes long and follow one another without a gap.
INSERT INTO schedule SELECT c.n * 1000 + s.n, CONCAT('ch', LPAD(c.n, 2, '0')), 1 + CRC32(CONCAT('show', c.n, '/', s.n % 48)) % 200,
  CURDATE() - INTERVAL 1 DAY + INTERVAL s.n * ELT(1 + c.n % 4, 30, 45, 60, 90) MINUTE,
  CURDATE() - INTERVAL 1 DAY + INTERVAL (s.n + 1) * ELT(1 + c.n % 4, 30, 45, 60, 90) MINUTE
  FROM numbers c, numbers s WHERE c.n BETWEEN 1 AND 30 AND s.n < 9 * 1440 / ELT(1 + c.n % 4, 30, 45, 60, 90);
INSERT INTO ads SELECT n, CONCAT('campaign-', 1 + n % 12), CONCAT('Brand ', 1 + n % 20),
  ELT(1 + n % 3, 15, 20, 30), 5 + CRC32(CONCAT('rate', n)) % 4000 / 100
  FROM numbers WHERE n BETWEEN 1 AND 60;
-- Two spots of 30 s, ten minutes into every programme.
INSERT INTO ad_slots SELECT s.schedule_id * 2 + k.d, s.channel_id, 1 + CRC32(CONCAT('ad', s.schedule_id, k.d)) % 60,
  s.starts_at + INTERVAL 600 + 30 * k.d SECOND, s.starts_at + INTERVAL 630 + 30 * k.d SECOND
  FROM schedule s, digits k WHERE k.d < 2;
DROP TABLE numbers;
DROP TABLE digits;

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
-- A channel's programmes are 30, 45, 60 or 90 minutes long and follow one another without a gap.
INSERT INTO schedule SELECT c.n * 1000 + s.n, CONCAT('ch', LPAD(c.n, 2, '0')), 1 + CRC32(CONCAT('show', c.n, '/', s.n % 48)) % 200,
  CURDATE() - INTERVAL 1 DAY + INTERVAL s.n * ELT(1 + c.n % 4, 30, 45, 60, 90) MINUTE,
  CURDATE() - INTERVAL 1 DAY + INTERVAL (s.n + 1) * ELT(1 + c.n % 4, 30, 45, 60, 90) MINUTE
  FROM numbers c, numbers s WHERE c.n BETWEEN 1 AND 30 AND s.n < 9 * 1440 / ELT(1 + c.n % 4, 30, 45, 60, 90);
INSERT INTO ads SELECT n, CONCAT('campaign-', 1 + n % 12), CONCAT('Brand ', 1 + n % 20),
  ELT(1 + n % 3, 15, 20, 30), 5 + CRC32(CONCAT('rate', n)) % 4000 / 100
  FROM numbers WHERE n BETWEEN 1 AND 60;
-- From yesterday to tomorrow, every ten minutes, two spots one after the other, each as long as its ad: no two
-- neighbouring channels at a time, and not at a full minute. A day has 8,640: the simulator sells further days.
CREATE TABLE spots (slot_id INT PRIMARY KEY, channel INT, break_at DATETIME, first_ad INT, second_ad INT);
INSERT INTO spots SELECT (b.n * 30 + c.n - 1) * 2, c.n,
  CURDATE() - INTERVAL 1 DAY + INTERVAL b.n * 600 + c.n * 67 % 600 SECOND,
  1 + CRC32(CONCAT('first', c.n, '/', b.n % 144)) % 60, 1 + CRC32(CONCAT('second', c.n, '/', b.n % 144)) % 60
  FROM numbers b, numbers c WHERE b.n < 3 * 144 AND c.n BETWEEN 1 AND 30;
INSERT INTO ad_slots SELECT s.slot_id, CONCAT('ch', LPAD(s.channel, 2, '0')), a.ad_id,
  s.break_at, s.break_at + INTERVAL a.seconds SECOND
  FROM spots s JOIN ads a ON a.ad_id = s.first_ad;
INSERT INTO ad_slots SELECT s.slot_id + 1, CONCAT('ch', LPAD(s.channel, 2, '0')), b.ad_id,
  s.break_at + INTERVAL a.seconds SECOND, s.break_at + INTERVAL a.seconds + b.seconds SECOND
  FROM spots s JOIN ads a ON a.ad_id = s.first_ad JOIN ads b ON b.ad_id = s.second_ad;
DROP TABLE spots;
DROP TABLE numbers;
DROP TABLE digits;

-- The TV operator's database. MariaDB and MySQL.
CREATE TABLE users (
  user_id INT PRIMARY KEY, name VARCHAR(64) NOT NULL, age INT NOT NULL, gender VARCHAR(8) NOT NULL,
  region VARCHAR(32) NOT NULL, plan VARCHAR(16) NOT NULL);
CREATE TABLE devices (
  device_id VARCHAR(16) PRIMARY KEY, user_id INT NOT NULL, kind VARCHAR(16) NOT NULL);
CREATE TABLE channels (
  channel_id VARCHAR(16) PRIMARY KEY, name VARCHAR(64) NOT NULL, category VARCHAR(16) NOT NULL);
CREATE TABLE schedule (
  schedule_id INT PRIMARY KEY, channel_id VARCHAR(16) NOT NULL, show_id INT NOT NULL,
  starts_at DATETIME NOT NULL, ends_at DATETIME NOT NULL, KEY (channel_id, starts_at));
-- rate: the price of a thousand views of the whole ad.
CREATE TABLE ads (
  ad_id INT PRIMARY KEY, campaign VARCHAR(32) NOT NULL, brand VARCHAR(32) NOT NULL, seconds INT NOT NULL,
  rate DECIMAL(8,2) NOT NULL);
-- A slot is as long as the ad in it.
CREATE TABLE ad_slots (
  slot_id INT PRIMARY KEY, channel_id VARCHAR(16) NOT NULL, ad_id INT NOT NULL,
  starts_at DATETIME NOT NULL, ends_at DATETIME NOT NULL, KEY (channel_id, starts_at));

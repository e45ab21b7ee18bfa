-- A slot begins at a full second: the window of that second holds all that a device saw of it.
SELECT window.start AS slot_at,
       device_id,
       slot_id,
       max_by(channel_id, from_at) AS channel_id,
       max_by(channel, from_at) AS channel,
       max_by(ad_id, from_at) AS ad_id,
       max_by(campaign, from_at) AS campaign,
       max_by(brand, from_at) AS brand,
       sum(micros) / 1e6 AS seconds,
       max(slot_micros) / 1e6 AS ad_seconds,
       sum(micros) = max(slot_micros) AS complete,
       CASE WHEN sum(micros) = max(slot_micros) THEN max_by(rate, from_at) / 1000 ELSE 0 END AS cost,
       max_by(device_kind, from_at) AS device_kind,
       max_by(user_id, from_at) AS user_id,
       max_by(gender, from_at) AS gender,
       max_by(age_group, from_at) AS age_group,
       max_by(region, from_at) AS region,
       max_by(plan, from_at) AS plan
FROM ad_slices
GROUP BY window(slot_at, '1 second'), device_id, slot_id

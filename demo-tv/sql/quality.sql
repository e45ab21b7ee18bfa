SELECT window.start AS minute,
       t.region,
       coalesce(d.kind, 'unknown') AS device_kind,
       t.app_version,
       count(*) AS reports,
       sum(t.bitrate_kbps) AS bitrate_kbps,
       sum(t.buffering_ms) AS buffering_ms,
       sum(CASE WHEN t.buffering_ms > 0 THEN 1 ELSE 0 END) AS stalled,
       sum(t.dropped_frames) AS dropped_frames,
       sum(CASE WHEN t.kept THEN 1 ELSE 0 END) AS kept
FROM telemetry t
LEFT JOIN devices d ON d.device_id = t.device_id
GROUP BY window(t.at, '1 minute'), t.region, coalesce(d.kind, 'unknown'), t.app_version

WITH candidates AS (
  SELECT
    event_time,
    event_id,
    event_type,
    payload,
    source_file,
    source_line
  FROM READ_PARQUET(
    'lake/landing/events/0/day=*/data.parquet',
    hive_partitioning := TRUE
  ) AS landed
  WHERE
    day = CAST('2024-03-14' AS DATE)
  UNION ALL
  SELECT
    event_time,
    event_id,
    event_type,
    payload,
    source_file,
    source_line
  FROM READ_PARQUET(
    'lake/landing/events/1/day=*/data.parquet',
    hive_partitioning := TRUE
  ) AS landed
  WHERE
    day = CAST('2024-03-14' AS DATE)
), events AS (
  SELECT
    *
  FROM candidates
  WHERE
    event_type = 'order'
  QUALIFY
    event_id IS NULL
    OR ROW_NUMBER() OVER (PARTITION BY event_id ORDER BY event_time, event_id, source_file, source_line) = 1
), parsed AS (
  SELECT
    event_time,
    event_id,
    source_file,
    source_line,
    JSON_EXTRACT_STRING(payload, ['$."session"."id"', '$."shop"', '$."country"', '$."amount"']) AS parsed__
  FROM events
), fields AS (
  SELECT
    event_time,
    event_id,
    source_file,
    source_line,
    LIST_EXTRACT(parsed__, 1) AS session__v1,
    TRY_CAST(REGEXP_EXTRACT(LIST_EXTRACT(parsed__, 2), '^[+-]?[0-9]+(?:\.0*)?$') AS BIGINT) AS shop__v1,
    NOT LIST_EXTRACT(parsed__, 2) IS NULL AS found__shop__v1,
    LIST_EXTRACT(parsed__, 3) AS country__v1,
    CASE
      WHEN ISFINITE(
        TRY_CAST(REGEXP_EXTRACT(
          LIST_EXTRACT(parsed__, 4),
          '^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$'
        ) AS DOUBLE)
      )
      THEN TRY_CAST(REGEXP_EXTRACT(
        LIST_EXTRACT(parsed__, 4),
        '^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$'
      ) AS DOUBLE)
    END AS amount__v1,
    NOT LIST_EXTRACT(parsed__, 4) IS NULL AS found__amount__v1
  FROM parsed
), step_4 AS (
  SELECT
    *,
    amount__v1 < 0.0e0 AS is_refund__v1
  FROM fields
)
SELECT
  CAST('2024-03-14' AS DATE) AS day,
  event_time,
  event_id,
  source_file,
  source_line,
  session__v1,
  shop__v1,
  country__v1,
  amount__v1,
  is_refund__v1,
  found__shop__v1 AND shop__v1 IS NULL AS lost__shop__v1,
  found__amount__v1 AND amount__v1 IS NULL AS lost__amount__v1
FROM step_4
ORDER BY
  event_time,
  event_id,
  source_file,
  source_line

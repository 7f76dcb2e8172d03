WITH features AS (
  SELECT
    session
  FROM READ_PARQUET(
    'lake/families/basket/day=*/data.parquet',
    hive_partitioning := TRUE
  ) AS stored
  WHERE
    day = CAST('2024-03-14' AS DATE)
), events AS (
  SELECT
    session__v1 AS session,
    event_time,
    event_id,
    source_file,
    source_line,
    country__v1 AS event__country__v1,
    amount__v1 AS event__amount__v1
  FROM READ_PARQUET(
    'lake/events/order/day=*/data.parquet',
    hive_partitioning := TRUE
  ) AS events
  WHERE
    day = CAST('2024-03-14' AS DATE)
), rows AS (
  SELECT
    *
  FROM events
  WHERE
    NOT session IS NULL
  QUALIFY
    ROW_NUMBER() OVER (PARTITION BY session ORDER BY event_time, event_id, source_file, source_line) = 1
), with_fields AS (
  SELECT
    features.*,
    rows.event__country__v1,
    rows.event__amount__v1
  FROM features
  LEFT JOIN rows
    ON rows.session = features.session
)
SELECT
  CAST('2024-03-14' AS DATE) AS day,
  session,
  event__country__v1,
  event__amount__v1
FROM with_fields
ORDER BY
  session

WITH features AS (
  SELECT
    session,
    amount__v1,
    shop_stats_weekly_refunds__v1
  FROM READ_PARQUET(
    'lake/families/request/day=*/data.parquet',
    hive_partitioning := TRUE
  ) AS features
  WHERE
    day = CAST('2024-03-14' AS DATE)
), events AS (
  SELECT
    session__v1 AS session,
    event_time,
    event_id,
    source_file,
    source_line,
    is_refund__v1 AS event__is_refund__v1
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
    rows.event__is_refund__v1
  FROM features
  LEFT JOIN rows
    ON rows.session = features.session
), votes AS (
  SELECT
    *,
    CASE WHEN shop_stats_weekly_refunds__v1 > 9 THEN 'fraud' END AS many_refunds__v1,
    CASE WHEN event__is_refund__v1 AND amount__v1 > -9.5e0 THEN 'fine' END AS small__v1
  FROM with_fields
), labels AS (
  SELECT
    *,
    CASE
      WHEN many_refunds__v1 IS NULL AND small__v1 IS NULL
      THEN 'fine'
      WHEN (
        CASE WHEN many_refunds__v1 = 'fine' THEN 1 ELSE 0 END + CASE WHEN small__v1 = 'fine' THEN 1 ELSE 0 END
      ) > (
        CASE WHEN many_refunds__v1 = 'fraud' THEN 1 ELSE 0 END + CASE WHEN small__v1 = 'fraud' THEN 1 ELSE 0 END
      )
      THEN 'fine'
      WHEN (
        CASE WHEN many_refunds__v1 = 'fraud' THEN 1 ELSE 0 END + CASE WHEN small__v1 = 'fraud' THEN 1 ELSE 0 END
      ) > (
        CASE WHEN many_refunds__v1 = 'fine' THEN 1 ELSE 0 END + CASE WHEN small__v1 = 'fine' THEN 1 ELSE 0 END
      )
      THEN 'fraud'
      ELSE CAST(NULL AS TEXT)
    END AS majority__v1
  FROM votes
)
SELECT
  CAST('2024-03-14' AS DATE) AS day,
  session,
  many_refunds__v1,
  small__v1,
  majority__v1
FROM labels
ORDER BY
  session

SELECT
  CAST('2024-03-14' AS DATE) AS day,
  shop__v1 AS shop,
  COUNT(*) AS rows_c2c9b2,
  CAST(SUM(CAST(is_refund__v1 AS BIGINT)) AS BIGINT) AS trues_is_refund_df986a,
  FSUM(CASE WHEN amount__v1 > 0.0e0 THEN amount__v1 END) AS sum_amount_3bbf81,
  COUNT(amount__v1) AS count_amount_9a653e,
  FSUM(amount__v1) AS sum_amount_1d3f54,
  CASE
    WHEN MAX(ABS(amount__v1)) >= 1e+140
    THEN CAST('NaN' AS DOUBLE)
    ELSE VAR_POP(CASE WHEN ABS(amount__v1) < 1e+140 THEN amount__v1 END) * COUNT(amount__v1)
  END AS m2_amount_52c6f1,
  ARG_MAX_NULL(country__v1, ROW("event_time", "event_id", country__v1)) FILTER(WHERE
    (
      NOT country__v1 IS NULL
    )) AS last_value_country_bf3243,
  ARG_MAX_NULL("event_time", ROW("event_time", "event_id", country__v1)) FILTER(WHERE
    (
      NOT country__v1 IS NULL
    )) AS last_time_country_90721f,
  ARG_MAX_NULL("event_id", ROW("event_time", "event_id", country__v1)) FILTER(WHERE
    (
      NOT country__v1 IS NULL
    )) AS last_id_country_c08ec0
FROM READ_PARQUET(
  'lake/events/order/day=*/data.parquet',
  hive_partitioning := TRUE
) AS events
WHERE
  day = CAST('2024-03-14' AS DATE) AND NOT shop__v1 IS NULL
GROUP BY
  2
ORDER BY
  2

WITH rows AS (
  SELECT
    session,
    event_time,
    event_id,
    shop__v1,
    country__v1,
    amount__v1,
    shop_stats_weekly_orders__v1,
    shop_stats_weekly_refunds__v1,
    shop_stats_weekly_countries__v1,
    shop_stats_weekly_spent__v1,
    shop_stats_weekly_spread__v1,
    shop_stats_weekly_last_country__v1,
    shop_stats_weekly_refund_rate__v1,
    countries_risk__v1,
    is_odd__v1
  FROM READ_PARQUET(
    'lake/families/request/day=*/data.parquet',
    hive_partitioning := TRUE
  ) AS stored
  WHERE
    day = CAST('2024-03-14' AS DATE)
), with_scorer AS (
  SELECT
    rows.*,
    their_scorer.score__v1 AS scorer_score__v1
  FROM rows
  LEFT JOIN (
    SELECT
      session,
      score__v1
    FROM READ_PARQUET(
      'lake/scores/scorer/day=*/data.parquet',
      hive_partitioning := TRUE
    ) AS other
    WHERE
      day = CAST('2024-03-14' AS DATE)
  ) AS their_scorer
    ON rows.session = their_scorer.session
), step_2 AS (
  SELECT
    *,
    scorer_score__v1 > 0.9e0 AS is_alarm__v1
  FROM with_scorer
)
SELECT
  CAST('2024-03-14' AS DATE) AS day,
  session,
  scorer_score__v1,
  is_alarm__v1
FROM step_2
ORDER BY
  session

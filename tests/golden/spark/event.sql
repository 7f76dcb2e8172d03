WITH candidates AS (
  SELECT
    event_time,
    event_id,
    event_type,
    payload,
    source_file,
    source_line
  FROM `landing/events/0` AS landed
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
  FROM `landing/events/1` AS landed
  WHERE
    day = CAST('2024-03-14' AS DATE)
), events AS (
  SELECT
    *
    EXCEPT (rank_1__)
  FROM (
    SELECT
      *,
      ROW_NUMBER() OVER (
        PARTITION BY event_id
        ORDER BY event_time NULLS LAST, event_id NULLS LAST, source_file NULLS LAST, source_line NULLS LAST
      ) AS rank_1__
    FROM candidates
    WHERE
      event_type = 'order'
  ) AS ranked__
  WHERE
    event_id IS NULL OR rank_1__ = 1
), parsed AS (
  SELECT
    event_time,
    event_id,
    source_file,
    source_line,
    FIG_JSON_TEXTS(payload, ARRAY('$."session"."id"', '$."shop"', '$."country"', '$."amount"')) AS parsed__
  FROM events
), fields AS (
  SELECT
    event_time,
    event_id,
    source_file,
    source_line,
    GET(parsed__, 0) AS session__v1,
    TRY_CAST(REGEXP_EXTRACT(GET(parsed__, 1), '^([+-]?[0-9]+)(?:\\.0*)?\\z', 1) AS BIGINT) AS shop__v1,
    NOT GET(parsed__, 1) IS NULL AS found__shop__v1,
    GET(parsed__, 2) AS country__v1,
    CASE
      WHEN ABS(
        TRY_CAST(REGEXP_EXTRACT(GET(parsed__, 3), '^[+-]?(?:[0-9]+\\.?[0-9]*|\\.[0-9]+)(?:[eE][+-]?[0-9]+)?\\z', 0) AS DOUBLE)
      ) <= 1.7976931348623157e308
      THEN TRY_CAST(REGEXP_EXTRACT(GET(parsed__, 3), '^[+-]?(?:[0-9]+\\.?[0-9]*|\\.[0-9]+)(?:[eE][+-]?[0-9]+)?\\z', 0) AS DOUBLE)
    END AS amount__v1,
    NOT GET(parsed__, 3) IS NULL AS found__amount__v1
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

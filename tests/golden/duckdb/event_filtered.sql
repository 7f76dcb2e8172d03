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
    event_type = 'visit'
  QUALIFY
    event_id IS NULL
    OR ROW_NUMBER() OVER (PARTITION BY event_id ORDER BY event_time, event_id, source_file, source_line) = 1
), parsed AS (
  SELECT
    event_time,
    event_id,
    source_file,
    source_line,
    JSON_EXTRACT_STRING(payload, ['$."country"', '$."page"', '$."seconds"']) AS parsed__,
    JSON_EXTRACT(payload, ['$."tags"']) AS arrays__
  FROM events
), fields AS (
  SELECT
    event_time,
    event_id,
    source_file,
    source_line,
    LIST_EXTRACT(parsed__, 1) AS country__v1,
    LIST_EXTRACT(parsed__, 2) AS page__v1,
    CASE
      WHEN ISFINITE(
        TRY_CAST(REGEXP_EXTRACT(
          LIST_EXTRACT(parsed__, 3),
          '^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$'
        ) AS DOUBLE)
      )
      THEN TRY_CAST(REGEXP_EXTRACT(
        LIST_EXTRACT(parsed__, 3),
        '^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$'
      ) AS DOUBLE)
    END AS seconds__v1,
    NOT LIST_EXTRACT(parsed__, 3) IS NULL AS found__seconds__v1,
    CASE
      WHEN JSON_TYPE(LIST_EXTRACT(arrays__, 1)) = 'ARRAY'
      THEN '[' || ARRAY_TO_STRING(
        LIST_FILTER(
          JSON_EXTRACT(LIST_EXTRACT(arrays__, 1), '$[*]."name"'),
          LAMBDA element__ : element__ <> 'null'
        ),
        ','
      ) || ']'
    END AS tags__v1
  FROM parsed
)
SELECT
  CAST('2024-03-14' AS DATE) AS day,
  event_time,
  event_id,
  source_file,
  source_line,
  country__v1,
  page__v1,
  seconds__v1,
  tags__v1,
  found__seconds__v1 AND seconds__v1 IS NULL AS lost__seconds__v1
FROM fields
WHERE
  NOT (
    page__v1 IS NULL
  )
ORDER BY
  event_time,
  event_id,
  source_file,
  source_line

"""What an op does on a day: read, compute, judge, publish. Knows engines and models, no Dagster."""

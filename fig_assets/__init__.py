"""Write features, labels and models of an event stream once; get a complete Dagster project."""

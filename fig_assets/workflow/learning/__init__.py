"""Models: trained, judged, watched, explained, trained again."""

"""Takes results, keeps alerts, incidents and groups, and decides and delivers what people are told."""

"""From recorded episodes to a better policy: data, objectives, trainer and training runs."""

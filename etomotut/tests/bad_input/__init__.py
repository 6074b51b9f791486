"""Bad input, tried one by one: each ends in one sentence, and nothing else is touched."""

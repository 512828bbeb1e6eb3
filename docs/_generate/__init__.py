"""The pages and pictures of the documentation that come from the code. Build everything: `python -m docs._generate`."""

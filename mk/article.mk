# The article's programs, run as printed, in both languages.

.PHONY: article
article: python ## Run the article's programs in Python, in Rust, and in every pairing
	@$(PYTHON) python/article_tour

# The article's programs, run as printed, in three languages.

.PHONY: article
article: python ## Run the article's programs in Python, Go and Rust, and in every pairing
	@$(PYTHON) python/article_tour

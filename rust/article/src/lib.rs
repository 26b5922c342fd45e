//! What the three programs of the article share.

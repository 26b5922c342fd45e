//! The dynamic table and the index space that it shares with the static table
//! (RFC 7541, sections 2.3 and 4).

use std::collections::VecDeque;

use bytes::Bytes;

use super::FIELD_OVERHEAD;
use super::static_table::STATIC_TABLE;

/// A field that an index can stand for.
#[derive(Debug, Clone)]
pub(in crate::wire) struct Entry {
    pub name: Bytes,
    pub value: Bytes,
}

impl Entry {
    /// In octets, as section 4.1 counts them.
    fn size(&self) -> usize {
        self.name.len() + self.value.len() + FIELD_OVERHEAD
    }
}

#[derive(Debug)]
pub(in crate::wire) struct Tables {
    /// The newest entry comes first, as the indices do.
    dynamic: VecDeque<Entry>,
    size: usize,
    max_size: usize,
}

impl Tables {
    pub fn new(max_size: usize) -> Self {
        Self {
            dynamic: VecDeque::new(),
            size: 0,
            max_size,
        }
    }

    /// The entry at `index`, which counts from 1 over both tables.
    pub fn get(&self, index: usize) -> Option<Entry> {
        let position = index.checked_sub(1)?;
        match STATIC_TABLE.get(position) {
            Some((name, value)) => Some(Entry {
                name: Bytes::from_static(name.as_bytes()),
                value: Bytes::from_static(value.as_bytes()),
            }),
            None => self.dynamic.get(position - STATIC_TABLE.len()).cloned(),
        }
    }

    /// The highest index that stands for a field.
    pub fn last_index(&self) -> usize {
        STATIC_TABLE.len() + self.dynamic.len()
    }

    /// Adds a field, as [`Tables::insert`] does.
    pub fn add(&mut self, name: Bytes, value: Bytes) {
        self.insert(Entry { name, value });
    }

    /// Adds an entry and evicts the oldest ones that no longer fit. An entry
    /// that is larger than the table leaves it empty, and that is no error
    /// (section 4.4).
    pub fn insert(&mut self, entry: Entry) {
        let size = entry.size();
        self.evict_down_to(self.max_size.saturating_sub(size));
        if size <= self.max_size {
            self.size += size;
            self.dynamic.push_front(entry);
        }
    }

    /// Changes the maximum size, evicting what no longer fits (section 4.3).
    pub fn set_max_size(&mut self, max_size: usize) {
        self.max_size = max_size;
        self.evict_down_to(max_size);
    }

    fn evict_down_to(&mut self, size: usize) {
        while self.size > size {
            let Some(evicted) = self.dynamic.pop_back() else {
                break;
            };
            self.size -= evicted.size();
        }
    }

    /// The entries of the dynamic table, newest first.
    pub fn dynamic(&self) -> impl ExactSizeIterator<Item = &Entry> {
        self.dynamic.iter()
    }

    /// The size of the dynamic table in octets.
    pub fn size(&self) -> usize {
        self.size
    }

    pub fn max_size(&self) -> usize {
        self.max_size
    }
}

//! What was found out of the last few different things. Of thousands of profiles those beside each other mostly agree, and a
//! handful is found quicker than anything is hashed.

/// Keeps the last [`Few::MOST`].
pub(super) struct Few<K, V> {
    known: Vec<(K, V)>,
    /// Which of them gives way next.
    next: usize,
}

impl<K, V> Default for Few<K, V> {
    fn default() -> Self {
        Self { known: Vec::new(), next: 0 }
    }
}

impl<K, V> Few<K, V> {
    const MOST: usize = 12;

    /// What is known of the first thing that is so.
    pub(super) fn find(&self, is: impl Fn(&K) -> bool) -> Option<&V> {
        self.known.iter().find(|(known, _)| is(known)).map(|(_, value)| value)
    }

    /// Notes what was found out of a thing that is not known.
    pub(super) fn insert(&mut self, key: K, value: V) {
        match self.known.get_mut(self.next) {
            Some(oldest) => *oldest = (key, value),
            None => self.known.push((key, value)),
        }
        self.next = (self.next + 1) % Self::MOST;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_few_are_known() {
        let mut few = Few::default();
        for number in 0..20 {
            few.insert(number, number * 2);
        }
        let known: Vec<i32> = (0..20).filter_map(|number| few.find(|known| *known == number).copied()).collect();
        assert_eq!(known, (8..20).map(|number| number * 2).collect::<Vec<_>>());
    }
}

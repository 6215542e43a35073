//! The rules about the whole declaration: one function per rule.

mod fields;
mod indexes;
pub(crate) mod item;
mod needs;
pub(crate) mod tier;

use crate::diag::Diagnostics;
use crate::model::{CAN_TIER, Store};

/// Reports everything in the declaration that breaks a rule.
pub(crate) fn check(store: &Store, diag: &mut Diagnostics) {
    item::check(store, diag);
    needs::check_struct(store, diag);
    for map in store.maps() {
        if map.options.index_of.is_given() {
            indexes::check(map, store, diag);
            continue;
        }
        indexes::check_number(map, store, diag);
        fields::check_bound(map, diag);
        needs::check_field(map, diag);
        fields::check(map, diag);
        tier::check(map, CAN_TIER, diag);
    }
}

//! The state that outlives the process: the store in a file, saved at the end and restored at the start.

use crate::Gateway;
use sharded::snapshot::Snapshot as _;
use std::{
    error::Error,
    fs::{self, File},
    io,
    path::Path,
};

/// Goes on with what was saved, each entry for the time that it had left. A file that is not there is the first
/// start's.
pub(crate) fn restore(gateway: &Gateway, path: &Path) -> io::Result<()> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        file => file.map_err(|error| failed("restore", path, &error))?,
    };
    // Where it fails, nothing has been restored. Who wants to start all the same moves the file away.
    gateway.restore(file).map_err(|error| failed("restore", path, &error))?;
    Ok(())
}

/// Saves all that is there, the sessions' tokens too: who can read the file can be anyone who is logged in. Under
/// another name until it is whole and on the disk: what was saved before stays until then.
pub(crate) fn save(gateway: &Gateway, path: &Path) -> io::Result<()> {
    let unfinished = path.with_added_extension("unfinished");
    let save = || -> Result<(), Box<dyn Error>> {
        let file = File::create(&unfinished)?;
        gateway.save(&file)?;
        file.sync_all()?;
        Ok(fs::rename(&unfinished, path)?)
    };
    save().map_err(|error| failed("save", path, &*error))
}

fn failed(what: &str, path: &Path, error: &dyn Error) -> io::Error {
    let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
    io::Error::other(format!("can't {what} the state in {}: {error}{cause}", path.display()))
}

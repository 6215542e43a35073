//! Reading a file that a user names. The path may be that of a folder, a pipe or a device.

use std::{
    fs::{self, File, Metadata},
    io::{self, ErrorKind, Read},
    path::Path,
};

/// The contents of a regular file of at most `most` bytes.
///
/// Other files are refused. Opening a pipe waits for its other end, and a pipe or a device may have no end.
pub(crate) fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    // Checked before the file is opened, because opening may wait.
    check(&fs::metadata(path)?, most)?;
    let file = File::open(path)?;
    // Checked again, because the path may name another file now.
    check(&file.metadata()?, most)?;
    let mut bytes = Vec::new();
    // The length is not relied on: the file may grow, and files of the kernel, such as those in `/proc`, have a length
    // of zero.
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    check_length(bytes.len() as u64, most)?;
    Ok(bytes)
}

fn check(metadata: &Metadata, most: u64) -> io::Result<()> {
    if metadata.is_dir() {
        return Err(io::Error::new(ErrorKind::IsADirectory, "it is a folder"));
    }
    if !metadata.is_file() {
        return Err(io::Error::new(ErrorKind::InvalidInput, "it is a pipe or a device, and not a regular file"));
    }
    check_length(metadata.len(), most)
}

fn check_length(bytes: u64, most: u64) -> io::Result<()> {
    if bytes > most {
        let message = match most >> 20 {
            0 => format!("it has more than {most} bytes"),
            mib => format!("it has more than {mib} MiB"),
        };
        return Err(io::Error::new(ErrorKind::FileTooLarge, message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::read;
    use std::{fs, io::ErrorKind, path::Path};

    #[test]
    fn a_file_of_just_the_most_bytes_is_read_and_a_longer_one_is_not() {
        let path = std::env::temp_dir().join(format!("sharded-tune-regular-{}", std::process::id()));
        for length in [0_usize, 1, 99, 100, 101, 5000] {
            fs::write(&path, vec![b'x'; length]).expect("written");
            match read(&path, 100) {
                Ok(bytes) => assert!(bytes.len() == length && length <= 100, "{length}"),
                Err(error) => assert!(error.kind() == ErrorKind::FileTooLarge && length > 100, "{error}"),
            }
        }
        fs::remove_file(&path).expect("removed");
    }

    /// The kernel generates such a file when it is read.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_that_is_longer_than_it_says_is_refused() {
        let path = Path::new("/proc/self/status");
        assert_eq!(fs::metadata(path).expect("it is there").len(), 0);
        assert!(read(path, 1 << 20).is_ok());
        assert_eq!(read(path, 10).expect_err("it is longer").kind(), ErrorKind::FileTooLarge);
    }
}

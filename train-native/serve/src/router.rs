//! From a request to a file.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{
    ACCEPT_ENCODING, ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, IF_RANGE, RANGE,
    REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::{from_fn, map_response};
use axum::response::{IntoResponse, Response};
use mime_guess::Mime;
use tokio::task::spawn_blocking;
use tower_http::services::ServeFile;

use crate::compressed::Compressed;
use crate::folder::{self, Folder};
use crate::host;
use crate::{Catalogue, Error, Result, Site};

/// Where bundles are served.
const MODELS: &str = "models";
/// The list of bundles, in [`MODELS`].
const INDEX: &str = "index.json";
/// Where the studio's build puts files whose names change with their content.
const HASHED: &str = "assets";
/// Length of the hash in such a name.
const HASH_LENGTH: usize = 8;

/// Everything that a request is answered from.
pub struct Served {
    studio: Folder,
    models: Option<PathBuf>,
    compressed: Compressed,
    /// Warnings about bundles that have been printed.
    warned: Mutex<HashSet<String>>,
}

impl Served {
    /// Checks the folders, and prints on stderr which bundles are broken.
    ///
    /// # Errors
    ///
    /// [`Error::NoStudio`], [`Error::NoBundles`], or [`Error::Folder`] where one cannot be read.
    pub fn new(site: &Site) -> Result<Self> {
        let no_studio = || Error::NoStudio {
            folder: site.studio.clone(),
        };
        let studio = Folder::open(&site.studio).map_err(|_| no_studio())?;
        if studio.find(&[String::new()]).is_none() {
            return Err(no_studio());
        }
        let served = Self {
            studio,
            models: site.models.clone(),
            compressed: Compressed::new(),
            warned: Mutex::default(),
        };
        if let Some(folder) = &served.models
            && served.catalogue(folder)?.bundles.is_empty()
        {
            let folder = folder.clone();
            return Err(Error::NoBundles { folder });
        }
        Ok(served)
    }

    /// The bundles as they are now, so that a new one appears without a restart.
    fn catalogue(&self, folder: &Path) -> Result<Catalogue> {
        let catalogue = Catalogue::read(folder)?;
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        for warning in &catalogue.warnings {
            if warned.insert(warning.clone()) {
                eprintln!("warning: {warning}");
            }
        }
        Ok(catalogue)
    }

    /// What `names` lead to. Reads folders: not for the thread that answers requests.
    fn resolve(&self, names: &[String]) -> Option<Found> {
        match (&self.models, names) {
            (Some(folder), [first, rest @ ..]) if first == MODELS => {
                let catalogue = self.catalogue(folder).ok()?;
                match rest {
                    [index] if index == INDEX => Some(Found::Index(
                        serde_json::to_string(&catalogue.index()).ok()?,
                    )),
                    names => catalogue.file(names).map(Found::File),
                }
            }
            _ => self.studio.find(names).map(Found::File),
        }
    }
}

/// What a path leads to.
enum Found {
    /// `models/index.json`.
    Index(String),
    File(PathBuf),
}

/// Answers GET and HEAD for everything that is served, under `any_name` or this machine's own only.
pub fn router(served: Arc<Served>, any_name: bool) -> Router {
    let router = Router::new().fallback(respond).with_state(served);
    let router = match any_name {
        true => router,
        false => router.layer(from_fn(host::only_own_names)),
    };
    router.layer(map_response(add_security_headers))
}

/// Compresses the studio's modules, so that the first browser need not wait for it.
pub async fn compress_ahead(served: Arc<Served>) {
    let entries = fs::read_dir(served.studio.root().join(HASHED));
    for entry in entries.into_iter().flatten().flatten() {
        let path = entry.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "wasm")
        {
            served.compressed.copy_of(&path).await;
        }
    }
}

async fn respond(State(served): State<Arc<Served>>, request: Request) -> Response {
    if ![Method::GET, Method::HEAD].contains(request.method()) {
        return (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "GET, HEAD")]).into_response();
    }
    let Some(names) = folder::names(request.uri().path()) else {
        return not_found();
    };
    let cache_control = HeaderValue::from_static(cache_control(&names));
    let finder = Arc::clone(&served);
    let found = spawn_blocking(move || finder.resolve(&names)).await;
    let mut response = match found.ok().flatten() {
        Some(Found::Index(json)) => ([(CONTENT_TYPE, "application/json")], json).into_response(),
        Some(Found::File(path)) => send(&served, &path, request).await,
        None => return not_found(),
    };
    response.headers_mut().insert(CACHE_CONTROL, cache_control);
    response
}

/// Answers with a file, whole or the part asked for, or says that the browser's copy is current.
async fn send(served: &Served, path: &Path, mut request: Request) -> Response {
    let media_type = media_type(path);
    let compressible = is_compressible(&media_type);
    let wants_gzip =
        compressible && accepts_gzip(request.headers()) && !request.headers().contains_key(RANGE);
    let copy = match wants_gzip {
        true => served.compressed.copy_of(path).await,
        false => None,
    };
    // tower-http does not compare If-Range: the whole file is always a right answer to it.
    if request.headers().contains_key(IF_RANGE) {
        request.headers_mut().remove(RANGE);
    }
    let mut service = ServeFile::new_with_mime(copy.as_deref().unwrap_or(path), &media_type);
    let Ok(file) = service.try_call(request).await else {
        return not_found();
    };
    let mut response = file.map(axum::body::Body::new);
    if compressible {
        let headers = response.headers_mut();
        headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
        if copy.is_some() {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
    }
    response
}

/// By the file's ending, with the encoding of text: every text file of the studio is UTF-8.
fn media_type(path: &Path) -> Mime {
    let guess = mime_guess::from_path(path).first_or_octet_stream();
    match guess.type_() == mime_guess::mime::TEXT && guess.get_param("charset").is_none() {
        true => format!("{guess}; charset=utf-8").parse().unwrap_or(guess),
        false => guess,
    }
}

fn is_compressible(media_type: &Mime) -> bool {
    let subtype = media_type.subtype().as_str();
    media_type.type_() == mime_guess::mime::TEXT
        || ["json", "javascript", "wasm", "svg", "manifest+json", "xml"].contains(&subtype)
        || media_type
            .suffix()
            .is_some_and(|suffix| ["json", "xml"].contains(&suffix.as_str()))
}

fn accepts_gzip(headers: &HeaderMap) -> bool {
    let lists = headers.get_all(ACCEPT_ENCODING).iter();
    lists
        .filter_map(|list| list.to_str().ok())
        .flat_map(|list| list.split(','))
        .any(|choice| {
            let mut parts = choice.split(';').map(str::trim);
            let gzip = parts
                .next()
                .is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
            let weight = parts.find_map(|part| part.strip_prefix("q="));
            gzip && weight.is_none_or(|weight| weight.parse().is_ok_and(|weight: f32| weight > 0.0))
        })
}

/// For ever where the name changes with the content, else asking each time whether it changed.
fn cache_control(names: &[String]) -> &'static str {
    match names {
        [first, .., name] if first == HASHED && is_hashed(name) => {
            "public, max-age=31536000, immutable"
        }
        _ => "no-cache",
    }
}

/// Whether a name ends as the studio's build ends them: `index-BkP2fX_a.js`.
fn is_hashed(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).as_bytes();
    let Some(dash) = stem.len().checked_sub(HASH_LENGTH + 1) else {
        return false;
    };
    let in_hash = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_".contains(byte);
    stem[dash] == b'-' && stem[dash + 1..].iter().all(in_hash)
}

fn not_found() -> Response {
    let headers = [(CACHE_CONTROL, "no-cache")];
    (
        StatusCode::NOT_FOUND,
        headers,
        "There is no such file here.\n",
    )
        .into_response()
}

async fn add_security_headers(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types_are_those_that_browsers_insist_on() {
        let of = |name: &str| media_type(Path::new(name)).to_string();
        assert_eq!(of("index.html"), "text/html; charset=utf-8");
        assert_eq!(of("assets/worker.js"), "text/javascript; charset=utf-8");
        assert_eq!(of("underpaint_web_bg.wasm"), "application/wasm");
        assert_eq!(of("site.webmanifest"), "application/manifest+json");
        assert_eq!(of("manifest.json"), "application/json");
        assert_eq!(of("weights.safetensors"), "application/octet-stream");
        assert_eq!(of("icon.svg"), "image/svg+xml");
        assert_eq!(of("lake.png"), "image/png");
    }

    #[test]
    fn text_and_modules_are_compressed_and_weights_are_not() {
        let of = |name: &str| is_compressible(&media_type(Path::new(name)));
        for name in [
            "a.html",
            "a.js",
            "a.css",
            "a.wasm",
            "a.json",
            "a.svg",
            "a.webmanifest",
            "a.txt",
        ] {
            assert!(of(name), "{name}");
        }
        for name in ["a.png", "a.safetensors", "a.woff2", "a.gz"] {
            assert!(!of(name), "{name}");
        }
    }

    #[test]
    fn gzip_is_sent_to_those_who_take_it() {
        let takes = |value: &'static str| {
            let list = HeaderValue::from_static(value);
            accepts_gzip(&HeaderMap::from_iter([(ACCEPT_ENCODING, list)]))
        };
        assert!(takes("gzip, deflate, br"));
        assert!(takes("br;q=1.0, GZIP;q=0.5"));
        assert!(!takes("br, gzip;q=0"));
        assert!(!takes("identity"));
        assert!(!accepts_gzip(&HeaderMap::new()));
    }

    #[test]
    fn only_names_with_a_hash_are_kept_for_ever() {
        let of = |path: &str| cache_control(&folder::names(path).unwrap());
        assert!(of("/assets/index-BkP2fX_a.js").contains("immutable"));
        assert!(of("/assets/underpaint_web_bg-D0-_x9aZ.wasm").contains("immutable"));
        for path in [
            "/",
            "/index.html",
            "/sw.js",
            "/models/index.json",
            "/assets/lake.png",
            "/assets/index-short.js",
            "/index-BkP2fX_a.js",
        ] {
            assert_eq!(of(path), "no-cache", "{path}");
        }
    }
}

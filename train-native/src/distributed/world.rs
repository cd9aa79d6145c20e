//! Which rank this process is, as whoever started it says in the environment.

use std::env;
use std::fmt;

use anyhow::{Context, Result, bail, ensure};

use super::Share;

/// A process among those that train one model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct World {
    /// Number of this process, from 0.
    pub rank: usize,
    /// Number of processes.
    pub size: usize,
    /// Number of this process among those of its machine.
    pub local_rank: usize,
    /// Host of rank 0.
    pub host: String,
    /// Port at which the processes meet there.
    pub port: u16,
    /// Whether this process keeps the store at that port; `torchrun` has a process of its own for it.
    pub keeps_store: bool,
    /// Tells this start from earlier ones at the same store.
    pub start: String,
}

/// Names of rank, size and local rank, and who sets them.
const STARTERS: [([&str; 3], &str); 4] = [
    (
        ["RANK", "WORLD_SIZE", "LOCAL_RANK"],
        "torchrun or underpaint launch",
    ),
    (
        [
            "OMPI_COMM_WORLD_RANK",
            "OMPI_COMM_WORLD_SIZE",
            "OMPI_COMM_WORLD_LOCAL_RANK",
        ],
        "Open MPI's mpirun",
    ),
    // Of the step, not of the job: a program that a batch script starts without srun is alone.
    (
        ["SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_LOCALID"],
        "SLURM's srun",
    ),
    (
        ["PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID"],
        "MPICH's mpirun",
    ),
];
/// Ports that are made of a job's name begin here.
const FIRST_PORT: u64 = 20_000;
const PORTS: u64 = 12_000;

impl World {
    /// What the environment says; `None` for a process that is alone.
    ///
    /// # Errors
    ///
    /// Naming the variable that is missing or wrong.
    pub fn from_environment() -> Result<Option<Self>> {
        Self::from_variables(|name| env::var(name).ok().filter(|value| !value.is_empty()))
    }

    fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Self>> {
        let started = STARTERS
            .iter()
            .find(|([rank, size, _], _)| variable(rank).is_some() && variable(size).is_some());
        let Some(([rank, size, local_rank], starter)) = started else {
            return Ok(None);
        };
        let number = |name: &str, missing: usize| {
            variable(name).map_or(Ok(missing), |value| {
                let parsed = value.trim().parse::<usize>();
                parsed.with_context(|| {
                    format!("{name} ({starter}): expected a number, found {value}")
                })
            })
        };
        let (rank, size) = (number(rank, 0)?, number(size, 1)?);
        if size <= 1 {
            return Ok(None);
        }
        ensure!(
            rank < size,
            "rank {rank} of {size} ({starter}): expected one below {size}"
        );
        let (host, port) = meeting_place(&variable, starter)?;
        let agent = variable("TORCHELASTIC_USE_AGENT_STORE").as_deref() == Some("True");
        Ok(Some(Self {
            rank,
            size,
            local_rank: number(local_rank, 0)?,
            host,
            port,
            keeps_store: rank == 0 && !agent,
            start: variable("TORCHELASTIC_RESTART_COUNT").unwrap_or_else(|| "0".into()),
        }))
    }

    /// Which part of every batch is this process's.
    #[must_use]
    pub fn share(&self) -> Share {
        Share {
            rank: self.rank,
            size: self.size,
        }
    }
}

impl fmt::Display for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            rank,
            size,
            host,
            port,
            ..
        } = self;
        write!(f, "rank {rank} of {size}, meeting at {host}:{port}")
    }
}

/// `MASTER_ADDR` and `MASTER_PORT`, or what the starter says instead.
fn meeting_place(
    variable: &impl Fn(&str) -> Option<String>,
    starter: &str,
) -> Result<(String, u16)> {
    let host = match (variable("MASTER_ADDR"), variable("SLURM_STEP_NODELIST")) {
        (Some(host), _) => host,
        (None, Some(nodes)) => first_node(&nodes)?,
        (None, None) => {
            let local =
                variable("OMPI_COMM_WORLD_LOCAL_SIZE").or_else(|| variable("MPI_LOCALNRANKS"));
            let all = variable("OMPI_COMM_WORLD_SIZE").or_else(|| variable("PMI_SIZE"));
            if local.is_none() || local != all {
                bail!("MASTER_ADDR: expected the host of rank 0 ({starter}), found nothing");
            }
            "127.0.0.1".to_owned()
        }
    };
    let port = match variable("MASTER_PORT") {
        Some(port) => port
            .trim()
            .parse()
            .with_context(|| format!("MASTER_PORT: expected a port, found {port}"))?,
        None => port_of_job(variable).with_context(|| {
            format!("MASTER_PORT: expected a free port of rank 0's host ({starter}), found nothing")
        })?,
    };
    Ok((host, port))
}

/// A port that all processes of a job find by themselves.
fn port_of_job(variable: &impl Fn(&str) -> Option<String>) -> Option<u16> {
    let step = variable("SLURM_STEP_ID").unwrap_or_default();
    let job = variable("SLURM_JOB_ID").map(|job| format!("{job}.{step}"));
    let job = job.or_else(|| variable("PMIX_NAMESPACE"));
    let job = job.or_else(|| variable("OMPI_MCA_ess_base_jobid"))?;
    let place = crate::family::name_hash(&job) % PORTS;
    u16::try_from(FIRST_PORT + place).ok()
}

/// The first host of SLURM's short form of a list, such as `node[07-09,12],login1`.
fn first_node(nodes: &str) -> Result<String> {
    let name_end = nodes.find([',', '[']).unwrap_or(nodes.len());
    let (name, rest) = nodes.split_at(name_end);
    let number = match rest.strip_prefix('[') {
        None => "",
        Some(ranges) => {
            let Some(end) = ranges.find([',', '-', ']']) else {
                bail!("SLURM_STEP_NODELIST: expected a list of hosts, found {nodes}");
            };
            &ranges[..end]
        }
    };
    Ok(format!("{name}{number}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world(variables: &[(&str, &str)]) -> Result<Option<World>> {
        World::from_variables(|name| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn a_process_that_nobody_numbered_is_alone() {
        assert_eq!(world(&[]).expect("none"), None);
        assert_eq!(
            world(&[("RANK", "0"), ("WORLD_SIZE", "1")]).expect("one"),
            None
        );
        // As in a batch script of a job with eight tasks, without srun.
        let batch = [
            ("SLURM_PROCID", "0"),
            ("SLURM_NTASKS", "8"),
            ("SLURM_JOB_ID", "1"),
        ];
        assert_eq!(world(&batch).expect("none"), None);
    }

    #[test]
    fn torchruns_variables_and_its_store_are_used() {
        let mut variables = vec![
            ("RANK", "3"),
            ("WORLD_SIZE", "4"),
            ("LOCAL_RANK", "1"),
            ("MASTER_ADDR", "n0"),
            ("MASTER_PORT", "29400"),
        ];
        let found = world(&variables).expect("right").expect("four");
        assert_eq!((found.rank, found.size, found.local_rank), (3, 4, 1));
        assert_eq!((found.host.as_str(), found.port), ("n0", 29400));
        variables[0] = ("RANK", "0");
        assert!(world(&variables).expect("right").expect("four").keeps_store);
        variables.push(("TORCHELASTIC_USE_AGENT_STORE", "True"));
        variables.push(("TORCHELASTIC_RESTART_COUNT", "2"));
        let agents = world(&variables).expect("right").expect("four");
        assert!(!agents.keeps_store);
        assert_eq!(agents.start, "2");
    }

    #[test]
    fn mpirun_on_one_machine_needs_nothing_more() {
        let rank = |rank: &str| {
            world(&[
                ("OMPI_COMM_WORLD_RANK", rank),
                ("OMPI_COMM_WORLD_SIZE", "2"),
                ("OMPI_COMM_WORLD_LOCAL_RANK", rank),
                ("OMPI_COMM_WORLD_LOCAL_SIZE", "2"),
                ("PMIX_NAMESPACE", "prterun-a-17@1"),
            ])
            .expect("right")
            .expect("two")
        };
        assert_eq!(rank("1").host, "127.0.0.1");
        assert_eq!(rank("0").port, rank("1").port);
        assert!(rank("0").keeps_store && !rank("1").keeps_store);
    }

    #[test]
    fn mpirun_on_several_asks_for_the_first_ones_address() {
        let error = world(&[
            ("OMPI_COMM_WORLD_RANK", "0"),
            ("OMPI_COMM_WORLD_SIZE", "4"),
            ("OMPI_COMM_WORLD_LOCAL_SIZE", "2"),
        ])
        .expect_err("where?");
        assert!(error.to_string().contains("MASTER_ADDR"), "{error}");
    }

    #[test]
    fn srun_says_everything() {
        let found = world(&[
            ("SLURM_PROCID", "5"),
            ("SLURM_STEP_NUM_TASKS", "8"),
            ("SLURM_LOCALID", "1"),
            ("SLURM_STEP_NODELIST", "gpu[07-08,11]"),
            ("SLURM_JOB_ID", "4711"),
            ("SLURM_STEP_ID", "0"),
        ]);
        let found = found.expect("right").expect("eight");
        assert_eq!((found.rank, found.size, found.local_rank), (5, 8, 1));
        assert_eq!(found.host, "gpu07");
    }

    #[test]
    fn lists_of_hosts_are_read() {
        for (list, first) in [
            ("a", "a"),
            ("a,b", "a"),
            ("n[3,5-9]", "n3"),
            ("n[003-9],z", "n003"),
            ("rack-2-n[1]", "rack-2-n1"),
        ] {
            assert_eq!(first_node(list).expect(list), first);
        }
        assert!(first_node("n[").is_err());
    }

    #[test]
    fn nonsense_names_the_variable() {
        for (name, value) in [("RANK", "x"), ("RANK", "9"), ("MASTER_PORT", "99999")] {
            let mut variables = vec![
                ("RANK", "0"),
                ("WORLD_SIZE", "2"),
                ("MASTER_ADDR", "n0"),
                ("MASTER_PORT", "29400"),
            ];
            variables.retain(|(key, _)| *key != name);
            variables.push((name, value));
            let error = world(&variables).expect_err("wrong").to_string();
            assert!(
                error.to_lowercase().contains(&name.to_lowercase()),
                "{error}"
            );
        }
    }
}

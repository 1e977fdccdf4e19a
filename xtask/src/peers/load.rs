//! What other processes did to the machine while a run lasted; two threads that wait for each other suffer from it most.

/// Ticks of the clock spent since some time in the past.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ticks {
    /// By all cores together, idle or not.
    all: f64,
    /// By all cores at work, for whomever; cores that a host machine took away count too.
    busy: f64,
    /// By ended children of this process.
    children: f64,
}

impl Ticks {
    /// None where the system is not Linux.
    pub fn now() -> Option<Self> {
        let read = |path| std::fs::read_to_string(path).ok();
        Self::parse(&read("/proc/stat")?, &read("/proc/self/stat")?)
    }

    /// Reads the first line of `/proc/stat` (user, nice, system, idle, iowait, irq, softirq, steal) and the fields 16
    /// and 17 of `/proc/self/stat` (cutime, cstime), counted behind the name in brackets, which is field 2.
    fn parse(machine: &str, process: &str) -> Option<Self> {
        let numbers = |text: &str| -> Vec<f64> { text.split(' ').filter_map(|n| n.parse().ok()).collect() };
        let cores = numbers(machine.lines().next()?);
        let all: f64 = cores.get(..8)?.iter().sum();
        let fields: Vec<&str> = process.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = |field: usize| fields.get(field - 3)?.parse::<f64>().ok();
        Some(Self { all, busy: all - cores[3] - cores[4], children: ticks(16)? + ticks(17)? })
    }

    /// Number of cores that others kept busy between `before` and here.
    pub fn others_since(&self, before: &Self, cores: usize) -> f64 {
        let elapsed = (self.all - before.all) / cores as f64;
        let others = (self.busy - before.busy) - (self.children - before.children);
        if elapsed > 0.0 { (others / elapsed).max(0.0) } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_do_is_the_machine_less_our_children() {
        let read = |user: u32, idle: u32, ours: u32| {
            let machine = format!("cpu  {user} 0 10 {idle} 5 0 0 0 0 0\ncpu0 1 1\n");
            let process = format!("7 (a) b) S 1 1 1 0 -1 0 0 0 0 0 3 4 {ours} 10 20 0 1 0");
            Ticks::parse(&machine, &process).unwrap()
        };
        // 200 ticks of two cores are 100 ticks of time; 150 were busy, 80 of them with our children.
        let (before, after) = (read(0, 0, 0), read(150, 50, 80));
        assert_eq!((after.all - before.all, after.children), (200.0, 90.0));
        assert!((after.others_since(&before, 2) - 0.7).abs() < 1e-12);
        assert_eq!(before.others_since(&before, 2), 0.0);
    }
}

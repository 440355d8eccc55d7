using Xunit;

// The suite's ports are fixed: only one can run at a time.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

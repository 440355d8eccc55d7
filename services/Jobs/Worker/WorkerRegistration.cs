using Microservices.Persistence;

namespace Microservices.Jobs;

/// <summary>Registers the worker process.</summary>
internal static class WorkerRegistration
{
    /// <summary>Before the queue, and so after it when the process stops.</summary>
    public static void AddWorker(this WebApplicationBuilder builder)
    {
        builder.Services.AddValidatedOptions<JobsOptions, JobsOptionsValidator>(JobsOptions.Section);
        // Twice the cores, since one owner may have half: see OwnerShares. The settings take precedence.
        builder.Services.Configure<DueOptions>(due => due.Concurrency = 2 * Environment.ProcessorCount);
        builder.Services.AddSingleton<Worker>();
        builder.Services.AddHostedService(services => services.GetRequiredService<Worker>());
    }
}

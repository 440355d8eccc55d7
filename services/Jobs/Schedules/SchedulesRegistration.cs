using Microservices.Persistence;

namespace Microservices.Jobs;

/// <summary>Registers what keeps schedules, and enqueues their jobs.</summary>
internal static class SchedulesRegistration
{
    // It fails only by its database or by a fault: then it is late.
    private static readonly TimeSpan[] Retries = [.. Enumerable.Repeat(TimeSpan.FromSeconds(10), 100)];

    public static void AddSchedules(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<CreateSchedule>();
        builder.Services.AddSingleton<ChangeSchedule>();
        builder.AddDueWork<JobsDbContext, FireSchedules>(Schedule.DueKind, Retries);
    }
}

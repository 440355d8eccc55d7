using Google.Protobuf;
using Grpc.Core;
using Microservices.Jobs.V1;
using Microservices.Persistence;
using Microservices.Tests.Support;
using Microsoft.EntityFrameworkCore;
using DueSchedule = Microservices.Jobs.Schedule;

namespace Microservices.Tests.Integration.Jobs;

/// <summary>What is promised of schedules, on a database of either kind.</summary>
public abstract class SchedulesTests(JobsHost host) : JobsTestBase(host)
{
    private const string Hourly = "0 * * * *";

    [SkippableFact]
    public async Task At_its_time_a_job_is_enqueued_once_and_of_times_that_have_passed_the_first_alone()
    {
        var schedule = await CreateAsync(r => (r.Priority, r.MaxAttempts) = (JobPriority.High, 7));
        Assert.Equal(("UTC", 7, false, null, ""), (schedule.TimeZone, schedule.MaxAttempts, schedule.Paused, schedule.LastTime, schedule.LastJobId));
        var passed = schedule.NextTime.ToDateTimeOffset().AddHours(-5);
        await FireAsync(schedule, passed);

        var fired = await UntilAsync(schedule, now => now.LastJobId.Length > 0, "a job is enqueued");
        Assert.Equal((passed, schedule.NextTime), (fired.LastTime.ToDateTimeOffset(), fired.NextTime));
        var job = await UntilAsync(new Job { JobId = fired.LastJobId }, JobState.Succeeded);
        Assert.Equal((owner, "hash", JobPriority.High, 7, $"{schedule.ScheduleId}@{passed.ToUnixTimeSeconds()}"), (job.OwnerId, job.Kind, job.Priority, job.MaxAttempts, job.UniqueKey));
        Assert.Equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", HashOutput.Parser.ParseFrom((await Client.GetResultAsync(new() { JobId = job.JobId })).Output).Hex);

        await FireAsync(schedule, passed.AddHours(1));
        await UntilAsync(schedule, now => now.LastJobId != fired.LastJobId, "the next job is enqueued");
        Assert.Equal(2, (await Client.ListJobsAsync(new() { OwnerId = owner })).Jobs.Count);
    }

    [SkippableFact]
    public async Task One_that_pauses_enqueues_nothing_and_goes_on_with_its_next_time()
    {
        var schedule = await CreateAsync();
        var paused = (await host.Schedules.UpdateScheduleAsync(new() { ScheduleId = schedule.ScheduleId, Paused = true })).Schedule;
        Assert.Equal((true, null), (paused.Paused, paused.NextTime));
        await AskAsync(schedule);
        await UntilNothingIsDueAsync(schedule);
        Assert.Equal("", (await GetAsync(schedule)).LastJobId);

        var goesOn = (await host.Schedules.UpdateScheduleAsync(new() { ScheduleId = schedule.ScheduleId, Paused = false })).Schedule;
        Assert.Equal((false, schedule.NextTime), (goesOn.Paused, goesOn.NextTime));
        await FireAsync(schedule, schedule.NextTime.ToDateTimeOffset().AddHours(-1));
        await UntilAsync(schedule, now => now.LastJobId.Length > 0, "a job is enqueued");
    }

    [SkippableFact]
    public async Task One_that_is_asked_before_its_time_waits_for_it()
    {
        var schedule = await CreateAsync();
        await AskAsync(schedule);
        await Eventually.UntilAsync(async () => await DueAsync(schedule) == schedule.NextTime.ToDateTimeOffset().ToUnixTimeMilliseconds(), "it is due at its time again");
        Assert.Equal(("", schedule.NextTime), ((await GetAsync(schedule)).LastJobId, (await GetAsync(schedule)).NextTime));
    }

    [SkippableFact]
    public async Task One_that_is_deleted_is_gone_with_what_it_had_and_another_may_be_made_in_its_place()
    {
        var schedules = new List<Schedule>();
        for (var i = 0; i < JobsHost.MaxSchedules; i++)
            schedules.Add(await CreateAsync());
        Assert.Equal("TOO_MANY_SCHEDULES", (await Errors.FailsAsync(StatusCode.ResourceExhausted, host.Schedules.CreateScheduleAsync(Request()))).Reason());
        Assert.Equal(schedules, (await host.Schedules.ListSchedulesAsync(new() { OwnerId = owner })).Schedules);

        await host.Schedules.DeleteScheduleAsync(new() { ScheduleId = schedules[0].ScheduleId });
        await Errors.FailsAsync(StatusCode.NotFound, host.Schedules.GetScheduleAsync(new() { ScheduleId = schedules[0].ScheduleId }));
        await AskAsync(schedules[0]);
        await UntilNothingIsDueAsync(schedules[0]);
        Assert.False(await host.Database.ReadAsync(context => context.Contents.AnyAsync(c => c.JobId == schedules[0].ScheduleId), default));
        await CreateAsync();
        Assert.Empty((await Client.ListJobsAsync(new() { OwnerId = owner })).Jobs);
    }

    [SkippableFact]
    public async Task One_whose_owner_has_as_many_jobs_as_an_owner_may_have_says_so_and_goes_on()
    {
        var schedule = await CreateAsync();
        await host.Database.WriteAsync(context => context.Owners.Where(o => o.OwnerId == owner).ExecuteUpdateAsync(s => s.SetProperty(o => o.Jobs, JobsHost.MaxJobs)), default);
        await FireAsync(schedule, schedule.NextTime.ToDateTimeOffset().AddHours(-1));
        var skipped = await UntilAsync(schedule, now => now.Detail.Length > 0, "it says why nothing is enqueued");
        Assert.Equal(("", schedule.NextTime), (skipped.LastJobId, skipped.NextTime));
        Assert.Equal(JobsHost.MaxJobs, await host.Database.ReadAsync(context => context.Owners.Where(o => o.OwnerId == owner).Select(o => o.Jobs).SingleAsync(), default));

        await host.Database.WriteAsync(context => context.Owners.Where(o => o.OwnerId == owner).ExecuteUpdateAsync(s => s.SetProperty(o => o.Jobs, 0)), default);
        await FireAsync(schedule, schedule.NextTime.ToDateTimeOffset().AddHours(-1));
        Assert.Equal("", (await UntilAsync(schedule, now => now.LastJobId.Length > 0, "a job is enqueued")).Detail);
    }

    [SkippableFact]
    public async Task A_schedule_is_made_once_for_a_key_and_another_owner_sees_nothing_and_changes_nothing()
    {
        var request = Request(r => r.IdempotencyKey = "k");
        var (first, second) = (await host.Schedules.CreateScheduleAsync(request), await host.Schedules.CreateScheduleAsync(request));
        Assert.Equal((first.Schedule, false, true), (second.Schedule, first.Replayed, second.Replayed));
        request.MaxAttempts = 5;
        Assert.Equal("IDEMPOTENCY_KEY_REUSED", (await Errors.FailsAsync(StatusCode.Aborted, host.Schedules.CreateScheduleAsync(request))).Reason());

        var (id, mine, other) = (first.Schedule.ScheduleId, host.SchedulesOf(Tokens.Authority.Person(owner)), host.SchedulesOf(Tokens.Authority.Person("bob")));
        Assert.Equal(id, (await mine.GetScheduleAsync(new() { ScheduleId = id })).Schedule.ScheduleId);
        await Errors.FailsAsync(StatusCode.NotFound, other.GetScheduleAsync(new() { ScheduleId = id }));
        await Errors.FailsAsync(StatusCode.NotFound, other.UpdateScheduleAsync(new() { ScheduleId = id, Paused = true }));
        await Errors.FailsAsync(StatusCode.NotFound, other.DeleteScheduleAsync(new() { ScheduleId = id }));
        await Errors.FailsAsync(StatusCode.PermissionDenied, other.ListSchedulesAsync(new() { OwnerId = owner }));
        await Errors.FailsAsync(StatusCode.PermissionDenied, other.CreateScheduleAsync(Request()));
        Assert.Equal(first.Schedule, (await mine.GetScheduleAsync(new() { ScheduleId = id })).Schedule);
    }

    [SkippableFact]
    public async Task What_is_wrong_is_said_by_the_name_of_the_field()
    {
        await FailsAsync(["cron", "owner_id", "kind"], r => (r.OwnerId, r.Cron, r.Kind, r.Input) = ("", "", "", ByteString.Empty));
        foreach (var cron in (string[])["* * * * * *", "@hourly", "@every_second", "60 * * * *", "0 0 30 2 *", "x", "\0", new string('1', 129)])
            await FailsAsync(["cron"], r => r.Cron = cron);
        foreach (var zone in (string[])["Mars/Olympus", "../../etc/passwd", "Romance Standard Time", "/usr/share/zoneinfo/UTC", new string('a', 65)])
            await FailsAsync(["time_zone"], r => r.TimeZone = zone);
        await FailsAsync(["input.rounds", "priority", "max_attempts"], r => (r.Input, r.Priority, r.MaxAttempts) = (new HashInput { Rounds = -1 }.ToByteString(), (JobPriority)9, 21));
        Assert.Equal(["schedule_id", "paused"], (await Errors.FailsAsync(StatusCode.InvalidArgument, host.Schedules.UpdateScheduleAsync(new()))).Fields());

        async Task FailsAsync(string[] fields, Action<CreateScheduleRequest> change) =>
            Assert.Equal(fields, (await Errors.FailsAsync(StatusCode.InvalidArgument, host.Schedules.CreateScheduleAsync(Request(change)))).Fields());
    }

    private CreateScheduleRequest Request(Action<CreateScheduleRequest>? change = null)
    {
        var request = new CreateScheduleRequest { OwnerId = owner, Cron = Hourly, Kind = "hash", Input = Text("abc") };
        change?.Invoke(request);
        return request;
    }

    private async Task<Schedule> CreateAsync(Action<CreateScheduleRequest>? change = null) => (await host.Schedules.CreateScheduleAsync(Request(change))).Schedule;

    private async Task<Schedule> GetAsync(Schedule schedule) => (await host.Schedules.GetScheduleAsync(new() { ScheduleId = schedule.ScheduleId })).Schedule;

    /// <summary>As if it had been made long ago, and this were the next of its times.</summary>
    private async Task FireAsync(Schedule schedule, DateTimeOffset at)
    {
        await host.Database.WriteAsync(context => context.Schedules.Where(s => s.ScheduleId == schedule.ScheduleId).ExecuteUpdateAsync(s => s.SetProperty(x => x.NextTime, at.ToUniversalTime())), default);
        await AskAsync(schedule);
    }

    private Task<int> AskAsync(Schedule schedule) => host.Database.WriteAsync(context =>
    {
        context.AddDue(new NewDueWork(DueSchedule.DueKind, []) { Id = schedule.ScheduleId, AsksAgain = true });
        return Task.FromResult(0);
    }, default);

    private Task UntilNothingIsDueAsync(Schedule schedule) => Eventually.UntilAsync(async () => await DueAsync(schedule) == 0, "nothing is due");

    private Task<long> DueAsync(Schedule schedule) =>
        host.Database.ReadAsync(context => context.DueWork.Where(w => w.Kind == DueSchedule.DueKind && w.Id == schedule.ScheduleId && w.Owner == "").Select(w => w.DueAtMs).FirstOrDefaultAsync(), default);

    private async Task<Schedule> UntilAsync(Schedule schedule, Func<Schedule, bool> condition, string what)
    {
        var now = schedule;
        await Eventually.UntilAsync(async () => condition(now = await GetAsync(schedule)), what);
        return now;
    }
}

public sealed class SchedulesOnSqliteTests(JobsHost host) : SchedulesTests(host), IClassFixture<JobsHost>;

public sealed class SchedulesOnPostgresTests : SchedulesTests, IClassFixture<PostgresJobsHost>
{
    public SchedulesOnPostgresTests(PostgresJobsHost host)
        : base(host) => Skip.If(Needs.WhyNot(Need.PostgreSql) is not null, Needs.WhyNot(Need.PostgreSql));
}

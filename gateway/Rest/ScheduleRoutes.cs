using Google.Protobuf.WellKnownTypes;
using Microservices.Gateway.OpenApi;
using Microservices.Hosting.Auth;
using Client = Microservices.Jobs.V1.SchedulesService.SchedulesServiceClient;
using JobsV1 = Microservices.Jobs.V1;

namespace Microservices.Gateway.Rest;

/// <summary>Schedules of jobs over REST.</summary>
internal static class ScheduleRoutes
{
    public const string Schedules = "/v1/schedules";
    public const string OneSchedule = $"{Schedules}/{{scheduleId}}";

    public static void MapSchedules(this WebApplication app)
    {
        app.MapPost(Schedules, CreateAsync)
            .StandsFor(JobsV1.SchedulesService.Descriptor, "CreateSchedule")
            .Describe("createSchedule", JobRoutes.Tag, "Have jobs come again and again", """
                At each of its times a job is enqueued, once, whatever process dies meanwhile. Times are those of clocks on the wall: what is skipped when clocks are put forward comes right after the gap, and what comes twice when they are
                put back comes once, unless it comes every hour or every so many minutes. If the service was away, one job comes for all times that have passed. The same idempotency key with the same body gives the same
                answer again; with another body it is a conflict. 429, reason `TOO_MANY_SCHEDULES`, when the owner has 100.
                """)
            .Header(RequestValues.IdempotencyKey, "Identifies the command, so that a repeat is harmless: at most 128 visible ASCII characters, remembered for 24 h.", "schedules-1")
            .Body<CreateSchedule>(ScheduleExamples.Create)
            .Answers<Schedule>(201, "The schedule. The header Idempotency-Replayed says that it was made by an earlier request.", ScheduleExamples.Schedule)
            .AnswersHeader(201, "Location", JsonSchemas.Text, "Where the schedule is.", $"{Schedules}/{ScheduleExamples.Schedule.ScheduleId}")
            .AnswersReplay(201)
            .Fails(400, 409, 413, 415);
        app.MapGet(Schedules, ListAsync)
            .StandsFor(JobsV1.SchedulesService.Descriptor, "ListSchedules")
            .Describe("listSchedules", JobRoutes.Tag, "List the schedules of an owner", "All of them, oldest first: 100 at most.")
            .Query("ownerId", JsonSchemas.Text, "Required: the user whose they are.", ScheduleExamples.Schedule.OwnerId)
            .Answers<ScheduleList>(200, "The schedules.", ScheduleExamples.List)
            .Fails(400);
        app.MapGet(OneSchedule, GetAsync)
            .StandsFor(JobsV1.SchedulesService.Descriptor, "GetSchedule")
            .Describe("getSchedule", JobRoutes.Tag, "Get a schedule", "When its next job comes, and what the last one was.")
            .ScheduleId()
            .Answers<Schedule>(200, "The schedule.", ScheduleExamples.Schedule)
            .Fails(400, 404);
        app.MapPatch(OneSchedule, UpdateAsync)
            .StandsFor(JobsV1.SchedulesService.Descriptor, "UpdateSchedule")
            .Describe("updateSchedule", JobRoutes.Tag, "Have a schedule pause, or go on", "It goes on with the next of its times from now. What else it says never changes: delete it, and make another one.")
            .ScheduleId()
            .Body<UpdateSchedule>(ScheduleExamples.Update)
            .Answers<Schedule>(200, "The schedule as it is now.", ScheduleExamples.Paused)
            .Fails(400, 404, 409, 413, 415);
        app.MapDelete(OneSchedule, DeleteAsync)
            .StandsFor(JobsV1.SchedulesService.Descriptor, "DeleteSchedule")
            .Describe("deleteSchedule", JobRoutes.Tag, "Delete a schedule", "Jobs that it has enqueued stay.")
            .ScheduleId()
            .AnswersNothing(204, "It is deleted.")
            .Fails(400, 404);
    }

    private static async Task<IResult> CreateAsync(HttpContext http, Client schedules)
    {
        var options = http.CallOptions();
        var key = http.ReadIdempotencyKey();
        var body = await JsonBody.ReadAsync(http, GatewayJson.Default.CreateSchedule);
        var errors = new RequestErrors();
        var (owner, cron) = (errors.Required("ownerId", body.OwnerId, ""), errors.Required("cron", body.Cron, ""));
        var (kind, input) = (errors.Required("kind", body.Kind, ""), errors.Required("input", body.Input));
        errors.ThrowIfAny();

        var response = await schedules.CreateScheduleAsync(new JobsV1.CreateScheduleRequest
        {
            OwnerId = owner,
            Cron = cron,
            TimeZone = body.TimeZone ?? "",
            Kind = kind,
            Input = JobContents.Read(kind, input),
            Priority = body.Priority.ToMessage(),
            Timeout = body.TimeoutSeconds is { } seconds ? new Duration { Seconds = seconds } : null,
            MaxAttempts = body.MaxAttempts ?? 0,
            IdempotencyKey = key,
        }, options);
        http.Response.Headers.Location = $"{Schedules}/{Uri.EscapeDataString(response.Schedule.ScheduleId)}";
        return Answers.Command(http, ToJson(response.Schedule), GatewayJson.Default.Schedule, response.Replayed, StatusCodes.Status201Created);
    }

    private static async Task<IResult> ListAsync(HttpContext http, Client schedules)
    {
        var owner = http.QueryText("ownerId") ?? throw new InvalidRequestException("ownerId", "is required");
        var response = await schedules.ListSchedulesAsync(new JobsV1.ListSchedulesRequest { OwnerId = owner }, http.CallOptions());
        return ReaderPace.Json(http, new ScheduleList { Schedules = [.. response.Schedules.Select(ToJson)] }, GatewayJson.Default.ScheduleList, response.CalculateSize());
    }

    private static async Task<IResult> GetAsync(string scheduleId, HttpContext http, Client schedules) =>
        TypedResults.Json(ToJson((await schedules.GetScheduleAsync(new JobsV1.GetScheduleRequest { ScheduleId = scheduleId }, http.CallOptions())).Schedule), GatewayJson.Default.Schedule);

    private static async Task<IResult> UpdateAsync(string scheduleId, HttpContext http, Client schedules)
    {
        var options = http.CallOptions();
        var body = await JsonBody.ReadAsync(http, GatewayJson.Default.UpdateSchedule);
        var paused = body.Paused ?? throw new InvalidRequestException("paused", "is required");
        var response = await schedules.UpdateScheduleAsync(new JobsV1.UpdateScheduleRequest { ScheduleId = scheduleId, Paused = paused }, options);
        return TypedResults.Json(ToJson(response.Schedule), GatewayJson.Default.Schedule);
    }

    private static async Task<IResult> DeleteAsync(string scheduleId, HttpContext http, Client schedules)
    {
        await schedules.DeleteScheduleAsync(new JobsV1.DeleteScheduleRequest { ScheduleId = scheduleId }, http.CallOptions());
        return TypedResults.NoContent();
    }

    private static Schedule ToJson(JobsV1.Schedule schedule) => new()
    {
        ScheduleId = schedule.ScheduleId,
        OwnerId = schedule.OwnerId,
        Cron = schedule.Cron,
        TimeZone = schedule.TimeZone,
        Kind = schedule.Kind,
        Priority = schedule.Priority.ToJson(),
        TimeoutSeconds = schedule.Timeout.ToTimeSpan().TotalSeconds,
        MaxAttempts = schedule.MaxAttempts,
        Paused = schedule.Paused,
        NextTime = schedule.NextTime?.ToDateTime(),
        LastTime = schedule.LastTime?.ToDateTime(),
        LastJobId = WebhookMapping.OrAbsent(schedule.LastJobId),
        Detail = WebhookMapping.OrAbsent(schedule.Detail),
        CreateTime = WebhookMapping.Utc(schedule.CreateTime),
    };
}

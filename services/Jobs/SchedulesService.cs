using Grpc.Core;
using Microservices.Hosting.Auth;
using Microservices.Jobs.V1;

namespace Microservices.Jobs;

/// <summary>The gRPC surface of schedules.</summary>
internal sealed class SchedulesService(CreateSchedule create, ChangeSchedule change) : V1.SchedulesService.SchedulesServiceBase
{
    public override Task<CreateScheduleResponse> CreateSchedule(CreateScheduleRequest request, ServerCallContext context) =>
        create.HandleAsync(request, Rights.Of(context), context.CancellationToken);

    public override async Task<GetScheduleResponse> GetSchedule(GetScheduleRequest request, ServerCallContext context) =>
        new() { Schedule = await change.GetAsync(request.ScheduleId, Rights.Of(context), context.CancellationToken) };

    public override Task<ListSchedulesResponse> ListSchedules(ListSchedulesRequest request, ServerCallContext context) =>
        change.ListAsync(request.OwnerId, context.CancellationToken);

    public override async Task<UpdateScheduleResponse> UpdateSchedule(UpdateScheduleRequest request, ServerCallContext context) =>
        new() { Schedule = await change.UpdateAsync(request, Rights.Of(context), context.CancellationToken) };

    public override async Task<DeleteScheduleResponse> DeleteSchedule(DeleteScheduleRequest request, ServerCallContext context) =>
        new() { Schedule = await change.DeleteAsync(request.ScheduleId, Rights.Of(context), context.CancellationToken) };
}

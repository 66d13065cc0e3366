package main

import (
	"context"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"peer/faas"
)

// executor answers as the function's name, the first label of the authority, asks.
type executor struct {
	faas.UnimplementedExecutorServer
	name      string
	accepted  *atomic.Uint32
	hanging   atomic.Uint32
	cancelled atomic.Uint32
}

func (e *executor) Execute(ctx context.Context, request *faas.FaasRequest) (*faas.FaasReply, error) {
	function := functionName(ctx)
	kind, argument, _ := strings.Cut(function, "-")
	switch kind {
	case "echo":
		return e.echo(request), nil
	case "sleep":
		return e.sleep(ctx, request)
	case "status":
		return nil, status.Errorf(codes.Code(leadingNumber(argument)), "asked for %d", leadingNumber(argument))
	case "large":
		return &faas.FaasReply{Message: strings.Repeat("x", leadingNumber(argument))}, nil
	case "metadata":
		return &faas.FaasReply{Message: strings.Join(metadata.ValueFromIncomingContext(ctx, "x-test"), ",")}, nil
	case "hang":
		return nil, e.hang(ctx)
	case "hanging":
		return e.count(&e.hanging), nil
	case "cancelled":
		return e.count(&e.cancelled), nil
	case "connections":
		return e.count(e.accepted), nil
	default:
		return nil, status.Errorf(codes.InvalidArgument, "no behaviour is named %q", function)
	}
}

func (e *executor) echo(request *faas.FaasRequest) *faas.FaasReply {
	return &faas.FaasReply{
		Message:            e.name,
		DurationInMicroSec: request.RuntimeInMilliSec * 1000,
		MemoryUsageInKb:    request.MemoryInMebiBytes * 1024,
	}
}

func (e *executor) sleep(ctx context.Context, request *faas.FaasRequest) (*faas.FaasReply, error) {
	timer := time.NewTimer(time.Duration(request.RuntimeInMilliSec) * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
		return e.echo(request), nil
	case <-ctx.Done():
		return nil, status.FromContextError(ctx.Err()).Err()
	}
}

func (e *executor) hang(ctx context.Context) error {
	e.hanging.Add(1)
	<-ctx.Done()
	e.cancelled.Add(1)
	e.hanging.Add(^uint32(0))
	return status.FromContextError(ctx.Err()).Err()
}

func (e *executor) count(counter *atomic.Uint32) *faas.FaasReply {
	return &faas.FaasReply{Message: e.name, DurationInMicroSec: counter.Load()}
}

func functionName(ctx context.Context) string {
	// Cheaper than FromIncomingContext, which copies all metadata of each call.
	authority := metadata.ValueFromIncomingContext(ctx, ":authority")
	if len(authority) == 0 {
		return ""
	}
	name, _, _ := strings.Cut(authority[0], ".")
	return name
}

// leadingNumber is the number in front of the first "-", 0 if there is none.
func leadingNumber(text string) int {
	digits, _, _ := strings.Cut(text, "-")
	number, _ := strconv.Atoi(digits)
	return number
}
